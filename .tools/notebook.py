"""Runs a notebook's cells in a Jupyter kernel and prints what each gives, as a line of JSON; ends with 1 where a cell fails.

    JUPYTER_PATH=cache/repl/jupyter python3 .tools/notebook.py docs/repl.ipynb KERNEL [--write] [--inspect=CODE]

--write stores the outputs in the notebook; --inspect prints what Shift-Tab shows behind a code. Needs jupyter_client.
"""

import json
import sys
import time

from jupyter_client.manager import start_new_kernel

# A kernel compiles before it answers.
PATIENCE = 600


def run(client, code):
    """Executes a cell; gives its outputs as notebooks store them."""
    asked = client.execute(code)
    outputs = []
    while True:
        message = client.get_iopub_msg(timeout=PATIENCE)
        if message["parent_header"].get("msg_id") != asked:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "status" and content["execution_state"] == "idle":
            return outputs
        if kind in ("execute_result", "display_data"):
            data = {mime: text.splitlines(keepends=True) for mime, text in content["data"].items()}
            outputs.append({"output_type": "display_data", "data": data, "metadata": {}})
        elif kind == "stream":
            text = content["text"].splitlines(keepends=True)
            outputs.append({"output_type": "stream", "name": content["name"], "text": text})
        elif kind == "error":
            error = {key: content[key] for key in ("ename", "evalue", "traceback")}
            outputs.append({"output_type": "error", **error})


def inspect(client, code):
    """What Shift-Tab shows with the cursor behind a code; none where the kernel knows nothing."""
    asked = client.inspect(code, len(code))
    while True:
        message = client.get_shell_msg(timeout=PATIENCE)
        if message["parent_header"].get("msg_id") == asked:
            return message["content"]["data"].get("text/plain")


def main():
    path, kernel = sys.argv[1:3]
    with open(path, encoding="utf-8") as file:
        notebook = json.load(file)
    start = time.time()
    # What the kernel itself says is no line of ours.
    manager, client = start_new_kernel(kernel_name=kernel, startup_timeout=PATIENCE, stdout=sys.stderr)
    print(json.dumps({"ready": round(time.time() - start, 1)}), flush=True)
    failed = False
    try:
        count = 0
        for cell in notebook["cells"]:
            if cell["cell_type"] != "code":
                continue
            count += 1
            code, start = "".join(cell["source"]), time.time()
            cell["outputs"] = run(client, code)
            cell["execution_count"] = count
            failed |= any(output["output_type"] == "error" for output in cell["outputs"])
            said = {"code": code, "seconds": round(time.time() - start, 1), "outputs": cell["outputs"]}
            print(json.dumps(said), flush=True)
        for code in [word.removeprefix("--inspect=") for word in sys.argv if word.startswith("--inspect=")]:
            print(json.dumps({"inspect": code, "shown": inspect(client, code)}), flush=True)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    if "--write" in sys.argv:
        with open(path, "w", encoding="utf-8") as file:
            json.dump(notebook, file, indent=1, ensure_ascii=False)
            file.write("\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
