//! `ventral import` on notebooks in three styles: the recipe's skeleton, which checks, and the slips that it tells.

use std::path::Path;
use std::process::{Command, Output};

fn import(notebook: &str) -> Output {
    let notebooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/notebooks");
    Command::new(env!("CARGO_BIN_EXE_ventral"))
        .arg("import")
        .arg(notebook)
        .current_dir(notebooks)
        .output()
        .expect("the command starts")
}

mod needs_python3 {
    use super::*;

    #[test]
    fn notebooks_become_recipes_that_check() {
        for name in ["course", "own_recordings", "data_driven"] {
            let made = import(&format!("{name}.ipynb"));
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
            let recipe = String::from_utf8(made.stdout).expect("UTF-8");
            insta::assert_snapshot!(format!("import_{name}"), recipe);
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("study.yaml");
            std::fs::write(&path, recipe).expect("it is written");
            let checked = Command::new(env!("CARGO_BIN_EXE_ventral"))
                .arg("check")
                .arg(&path)
                .output()
                .expect("the command starts");
            assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
        }
    }

    #[test]
    fn what_is_no_notebook_is_refused_in_a_sentence() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("broken.ipynb");
        for (text, words) in
            [("{}", "a list of `cells` is expected"), ("{\"cells\": [3]}", "`cells`"), ("x", "Expecting value")]
        {
            std::fs::write(&path, text).expect("it is written");
            let made = import(path.to_str().expect("UTF-8"));
            let said = String::from_utf8_lossy(&made.stderr);
            assert_eq!((made.status.code(), said.lines().count()), (Some(2), 1), "{said}");
            assert!(said.contains(words) && said.contains("broken.ipynb"), "{said}");
        }
        let absent = import("absent.ipynb");
        assert!(
            String::from_utf8_lossy(&absent.stderr).contains("No such file"),
            "{}",
            String::from_utf8_lossy(&absent.stderr)
        );
    }
}
