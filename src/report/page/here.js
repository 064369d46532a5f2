(() => {
  const line = document.getElementById("running");
  let known = null;
  const look = async () => {
    try {
      const answer = await fetch("running.json");
      const runs = await answer.json();
      const text = runs.map((run) => `${run.recipe} (since ${run.since.slice(11, 16)} UTC)`).join(", ");
      // A run that ended has made a page.
      if (known !== null && known !== text && known.length > text.length) location.reload();
      known = text;
      line.textContent = text ? `Running now: ${text}` : "";
    } catch {
      line.textContent = "The server has gone.";
    }
    setTimeout(look, 2000);
  };
  look();
})();
