//! Subjects and regions that a table says of the units of responses that are compared.

use crate::kind::{KindError, Run, column};
use crate::nodes::similarity::sides::{Given, Side};
use crate::nodes::similarity::subjects::PORT;
use crate::text::matching::Index;

/// Both sides as they arrive, their responses with the subjects and regions that the table at `subjects` has.
pub fn both(run: &mut Run<'_>) -> Result<(Side, Side), KindError> {
    let (mut a, mut b) = (Side::at("a", run)?, Side::at("b", run)?);
    if run.has(PORT) {
        let whose = Whose::read(run)?;
        let given = [whose.say(&mut a, run)?, whose.say(&mut b, run)?];
        if given == [false, false] {
            return Err(KindError::new(
                "`subjects` says whose the units of responses are, and neither `a` nor `b` is responses; leave it out",
            ));
        }
    }
    Ok((a, b))
}

/// The table's rows.
struct Whose {
    units: Vec<String>,
    subjects: Vec<String>,
    regions: Option<Vec<String>>,
}

impl Whose {
    fn read(run: &Run<'_>) -> Result<Self, KindError> {
        let table = run.table(PORT)?;
        let words = |name: &str| -> Result<Vec<String>, KindError> {
            let said = table.column(name).map_err(|_| {
                let known = table.frame.get_column_names().iter().map(|name| name.as_str()).collect::<Vec<_>>();
                KindError::new(format!(
                    "the table at `subjects` has no column `{name}`; it has {}, and needs `unit` and `subject`",
                    known.join(", ")
                ))
            })?;
            let wrong = || KindError::new(format!("`{name}` of the table at `subjects` holds no words"));
            let texts = said.str().map_err(|_| wrong())?;
            let missing = || KindError::new(format!("the table at `subjects` has a row without a {name}"));
            texts.iter().map(|text| text.map(str::to_owned).ok_or_else(missing)).collect()
        };
        let regions = table.column(column::REGION).is_ok().then(|| words(column::REGION)).transpose()?;
        Ok(Self { units: words(column::UNIT)?, subjects: words(column::SUBJECT)?, regions })
    }

    /// Writes into the responses of a side whose each unit is, by the unit's name; whether the side is responses.
    fn say(&self, side: &mut Side, run: &mut Run<'_>) -> Result<bool, KindError> {
        let Given::Responses(responses) = &mut side.value else { return Ok(false) };
        let port = side.port;
        let index = Index::of(self.units.iter().map(String::as_str));
        let called = format!("`{port}`");
        let matched = index.find_all(responses.units()).map_err(|wrong| {
            KindError::new(format!(
                "{}; every unit has a row",
                wrong.words_of("unit", &called, "the table at `subjects`")
            ))
        })?;
        if let Some(note) = matched.note(&format!("the units of {called}")) {
            run.note(note);
        }
        let of = |all: &[String]| matched.rows.iter().map(|&row| all[row].clone()).collect::<Vec<_>>();
        let units = responses.units().to_vec();
        let about = &mut responses.about;
        let said = [
            (column::SUBJECT, &mut about.subjects, Some(of(&self.subjects))),
            (column::REGION, &mut about.regions, self.regions.as_deref().map(of)),
        ];
        for (what, known, new) in said {
            let Some(new) = new else { continue };
            let differs = |known: &Vec<String>| known.iter().zip(&new).position(|(known, new)| known != new);
            if let Some((known, at)) = known.as_ref().and_then(|known| Some((known, differs(known)?))) {
                return Err(KindError::new(format!(
                    "unit `{}` of `{port}` is of {what} `{}` by the responses and of `{}` by the table at `subjects`; which holds cannot \
                     be known, so leave one of them out",
                    units[at], known[at], new[at]
                )));
            }
            *known = Some(new);
        }
        Ok(true)
    }
}
