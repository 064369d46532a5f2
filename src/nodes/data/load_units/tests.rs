//! Tables of units as labs have them.

use crate::nodes::data::load_units::LoadUnits;
use crate::nodes::data::testing::{Bench, refusal, unwrap};
use crate::nodes::evaluation::evaluate::Evaluate;
use crate::nodes::features::select_units::SelectUnits;
use crate::nodes::golden::{Golden, Sample};
use crate::nodes::samples;
use crate::nodes::testing::{about, inputs, predictions, stimuli};
use crate::value::Value;
use crate::value::responses::{About, PerUnit, Responses};
use crate::value::table::Table;
use ndarray::Array2;
use serde_json::{Value as Json, json};

impl Golden for LoadUnits {
    fn golden() -> Sample {
        let given = inputs().value("responses", &samples::repeats(24));
        let table = given.path("units.csv");
        let text = "unit,region,subject,ncsnr,x\nu0,V4,a,1,0.5\nu2,IT,a,0.5,\nu1,IT,b,2,1.5\n";
        std::fs::write(&table, text).expect("written");
        let params = json!({ "path": table, "ceiling": "ncsnr", "ceiling_is": "ncsnr", "repeats": 3 });
        (given.file("path", table), params)
    }
}

/// A table in a file, and responses of units.
struct Study {
    folder: tempfile::TempDir,
    bench: Bench,
}

impl Study {
    fn of(units: &[&str], table: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("x.csv"), table).unwrap();
        let units: Vec<String> = units.iter().map(|&unit| unit.to_owned()).collect();
        let count = units.len();
        let about = About { units, ..about(&stimuli(2), count) };
        let responses = Responses::new(about, Array2::zeros((2, count)), None);
        Self { folder, bench: Bench::new().input("responses", &Value::Responses(responses)) }
    }

    fn params(&self, more: Json) -> Json {
        let mut params = json!({ "path": self.folder.path().join("x.csv") });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        params
    }

    fn table(&mut self, more: Json) -> Table {
        let params = self.params(more);
        self.bench.run::<LoadUnits>(params).unwrap();
        unwrap!(self.bench.output::<LoadUnits>("units"), Table)
    }

    fn ceilings(&mut self, more: Json) -> Vec<Option<f64>> {
        self.table(more).column("ceiling").unwrap().f64().unwrap().iter().collect()
    }

    fn refused(&mut self, more: Json) -> String {
        let params = self.params(more);
        refusal::<LoadUnits>(&mut self.bench, params)
    }
}

#[test]
fn rows_join_by_name_and_everything_is_attached() {
    let text = "voxel_id;roi;monkey;ceiling;x;hemisphere\n9;V4;a;0,4;1,5;left\n7;IT;b;;;right\n8;V1;b;0,9;2;left\n";
    let mut study = Study::of(&["7", "9"], text);
    let table = study.table(json!({ "region": "roi", "subject": "monkey" }));
    let shown = format!("{:?}", table.get_column_names());
    assert_eq!(shown, r#"["unit", "ceiling", "region", "subject", "x", "hemisphere"]"#);
    assert_eq!(study.ceilings(json!({ "region": "roi", "subject": "monkey" })), [None, Some(0.4)]);
    let about = unwrap!(study.bench.output::<LoadUnits>("responses"), Responses).about;
    assert_eq!(
        (about.regions.unwrap(), about.subjects.unwrap()),
        (vec!["IT".into(), "V4".into()], vec!["b".into(), "a".into()])
    );
    assert_eq!(about.known["x"], PerUnit::Numbers(vec![None, Some(1.5)]));
    assert_eq!(about.known["hemisphere"], PerUnit::Words(vec!["right".to_owned(), "left".to_owned()]));
    let said = |text: &str| study.bench.notes.iter().any(|note| note.contains(text));
    assert!(said("1 of 3 rows of x.csv are of other units than those of `responses`"), "{:?}", study.bench.notes);
    assert!(said("1 of 2 units have no ceiling in x.csv") && said("which stimuli it was estimated from is not known"));
}

#[test]
fn units_without_names_are_the_rows_where_their_order_is_plain() {
    let nameless = ["unit_001", "unit_002"];
    let mut study = Study::of(&nameless, "site,ceiling\nb,0.5\na,0.25\n");
    assert_eq!(study.ceilings(json!({})), [Some(0.5), Some(0.25)]);
    let said = "the units of `responses` have no names; they are taken to be the rows of x.csv in their order";
    assert!(study.bench.notes.iter().any(|note| note == said), "{:?}", study.bench.notes);
    let mut orders = Study::of(&["unit_001", "unit_002", "unit_003"], "site,ceiling\ns1,0.1\ns10,0.2\ns2,0.3\n");
    assert!(orders.refused(json!({})).contains("(s1, s10, s2, …) and in another by their numbers (s1, s2, s10, …)"));
    assert_eq!(orders.ceilings(json!({ "order": "natural" })), [Some(0.1), Some(0.3), Some(0.2)]);
    assert_eq!(orders.ceilings(json!({ "order": "by_name" })), [Some(0.1), Some(0.2), Some(0.3)]);
    let mut named = Study::of(&["s2", "s10"], "ceiling\n0.1\n0.2\n");
    assert!(named.refused(json!({})).contains("which of them the other follows cannot be known"));
    assert_eq!(named.ceilings(json!({ "order": "by_name" })), [Some(0.2), Some(0.1)], "s10 stands first");
    let mut fewer = Study::of(&nameless, "ceiling\n0.1\n");
    assert!(fewer.refused(json!({})).starts_with("x.csv has 1 rows but `responses` has 2 units"));
}

#[test]
fn names_that_do_not_match_are_refused() {
    let mut study = Study::of(&["a", "bb"], "unit,ceiling\na,0.5\nb,0.25\n");
    assert_eq!(
        study.refused(json!({})),
        "`responses` names `bb`, which x.csv does not have (1 of 2 names are unknown); did you mean `b`?; every unit has a row, and \
         `select_units` leaves out those that have none"
    );
    let mut twice = Study::of(&["a"], "unit,ceiling\na,0.5\na,0.25\n");
    assert!(
        twice.refused(json!({})).contains("`a`, which stands twice in x.csv; a name tells one unit from all others")
    );
}

#[test]
fn what_a_ceiling_is_must_be_said_unless_it_is_called_so() {
    let mut study = Study::of(&["a", "b"], "unit,nc,r\na,50,0.5\nb,25,0.25\n");
    assert!(study.refused(json!({ "ceiling": "nc" })).contains("what `nc` is must be said"));
    assert_eq!(study.ceilings(json!({ "ceiling": "nc", "ceiling_is": "percent" })), [Some(0.5), Some(0.25)]);
    assert_eq!(study.ceilings(json!({ "ceiling": "r", "ceiling_is": "correlation" })), [Some(0.25), Some(0.0625)]);
    assert!(
        study
            .refused(json!({ "ceiling": "nc", "ceiling_is": "explained_variance" }))
            .contains("`nc` of x.csv is 50 for unit `a`")
    );
    assert!(study.refused(json!({ "ceiling": "r", "ceiling_is": "ncsnr" })).contains("needs `repeats`"));
    assert!(study.refused(json!({ "ceiling_is": "percent" })).contains("has 2 columns that may be the ceiling"));
    assert!(study.refused(json!({ "ceiling": "ncc", "ceiling_is": "percent" })).contains("did you mean `nc`?"));
    assert!(study.table(json!({})).column("ceiling").is_err(), "no column says that it is one");
    let mut bare = Study::of(&["unit_001", "unit_002"], "0.5\n0.25\n");
    assert!(bare.refused(json!({})).contains("is one column without a heading"));
    assert_eq!(bare.ceilings(json!({ "ceiling_is": "explained_variance" })), [Some(0.5), Some(0.25)]);
}

#[test]
fn regions_may_be_marked_in_a_column_each() {
    let mut study = Study::of(&["a", "b", "c"], "unit,V1v,V1d,hV4\na,True,False,False\nb,0,1,0\nc,0,0,0\n");
    study.table(json!({ "region": ["V1v", "V1d"] }));
    let about = unwrap!(study.bench.output::<LoadUnits>("responses"), Responses).about;
    assert_eq!(about.regions.unwrap(), ["V1v", "V1d", "none"]);
    assert!(study.bench.notes.iter().any(|note| note.starts_with("1 of 3 units have no region in x.csv")));
    let mut both = Study::of(&["a"], "unit,V1v,faces\na,1,1\n");
    assert!(both.refused(json!({ "region": ["V1v", "faces"] })).contains("lies in `V1v` and in `faces` of x.csv"));
    assert!(both.refused(json!({ "region": ["unit"] })).contains("is `a` for unit `a`"));
}

#[test]
fn scores_are_divided_by_given_ceilings_and_know_regions() {
    let (folder, rows) = (tempfile::tempdir().unwrap(), stimuli(samples::ROWS));
    let path = folder.path().join("units.csv");
    std::fs::write(&path, "unit,ceiling,region\nu2,0.3,IT\nu0,0.5,V4\nu1,0.4,V4\n").unwrap();
    let y = samples::repeats(samples::ROWS);
    let loaded = || {
        let given = inputs().value("responses", &y).file("path", path.clone());
        given.run::<LoadUnits>(json!({ "path": path })).unwrap()
    };
    let guess = predictions(&rows, samples::features(samples::ROWS, 3));
    let made = inputs()
        .value("predictions", &guess)
        .value("responses", &loaded().value("responses"))
        .value("split", &samples::split())
        .value("ceiling", &loaded().value("units"))
        .run::<Evaluate>(json!({ "on": "test" }))
        .unwrap();
    let of = |column: &str| made.numbers("per_unit", column);
    let divided: Vec<f64> = of("explained_variance").iter().zip([0.5, 0.4, 0.3]).map(|(ev, by)| ev / by).collect();
    assert_eq!(of("explained_variance_nc"), divided);
    assert_eq!(made.texts("per_unit", "region"), ["V4", "V4", "IT"]);
    assert!(made.table("per_unit").column("subject").is_err(), "nobody knows it");
    let chosen = inputs()
        .value("responses", &loaded().value("responses"))
        .value("ceiling", &loaded().value("units"))
        .run::<SelectUnits>(json!({ "regions": ["V4"], "reliability": 0.45 }))
        .unwrap();
    assert_eq!(chosen.responses("responses").units(), ["u0"]);
}
