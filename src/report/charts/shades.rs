//! Values by row and column, in the order in which they are given, by category, or like beside like.

use kodama::{Method, linkage};

/// Beyond these, rows are not compared with one another: that takes the square of their number.
pub const CLUSTERED: usize = 1_000;

/// Values by row and column; NaN where there is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shades {
    /// What rows, columns and values are called.
    pub called: [String; 3],
    pub rows: Vec<String>,
    pub columns: Vec<String>,
    pub values: Vec<f64>,
    /// The category of each row, where rows of one stand together.
    pub row_groups: Option<Vec<String>>,
    /// The same of columns.
    pub column_groups: Option<Vec<String>>,
    /// Whether values are shares or coefficients, printed as `.335`.
    pub share: bool,
    /// Whether the least value is the strongest shade, as the first place of a ranking is.
    pub falling: bool,
}

impl Shades {
    /// The value of a cell.
    pub fn at(&self, row: usize, column: usize) -> f64 {
        self.values[row * self.columns.len() + column]
    }

    /// What a cell is called: its row and column, with their categories.
    pub fn named(&self, row: usize, column: usize) -> String {
        let name = |names: &[String], groups: &Option<Vec<String>>, at: usize| match groups {
            Some(groups) => format!("{} ({})", names[at], groups[at]),
            None => names[at].clone(),
        };
        format!("{}, {}", name(&self.rows, &self.row_groups, row), name(&self.columns, &self.column_groups, column))
    }

    /// The least and the greatest value; none where no cell has one.
    pub fn range(&self) -> Option<(f64, f64)> {
        let finite = self.values.iter().copied().filter(|x| x.is_finite());
        finite.fold(None, |range, x| Some(range.map_or((x, x), |(low, high): (f64, f64)| (low.min(x), high.max(x)))))
    }

    /// What it is called and how its values are printed.
    fn without_values(&self) -> Self {
        Self { called: self.called.clone(), share: self.share, falling: self.falling, ..Self::default() }
    }

    /// The same with rows and columns in an order.
    fn ordered(&self, rows: &[usize], columns: &[usize]) -> Self {
        let pick = |names: &[String], order: &[usize]| order.iter().map(|&at| names[at].clone()).collect();
        Self {
            rows: pick(&self.rows, rows),
            columns: pick(&self.columns, columns),
            values: rows.iter().flat_map(|&row| columns.iter().map(move |&column| self.at(row, column))).collect(),
            ..self.without_values()
        }
    }

    /// Whether it is the same seen from its rows and from its columns, such as distances are.
    pub fn is_symmetric(&self) -> bool {
        let n = self.rows.len();
        let same = |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan());
        n == self.columns.len() && (0..n).all(|i| (0..i).all(|j| same(self.at(i, j), self.at(j, i))))
    }

    /// Like beside like; as given where there are too many to compare.
    pub fn clustered(&self) -> Self {
        let order = |n: usize, of: &dyn Fn(usize, usize) -> f64, m: usize| {
            if n > CLUSTERED { (0..n).collect() } else { cluster(n, |a, b| distance(of, (a, b), m)) }
        };
        let (n, m) = (self.rows.len(), self.columns.len());
        let rows: Vec<usize> = order(n, &|row, at| self.at(row, at), m);
        let columns = if self.is_symmetric() { rows.clone() } else { order(m, &|column, at| self.at(at, column), n) };
        self.ordered(&rows, &columns)
    }

    /// Rows of one category beside one another, categories in the order in which they first stand; and columns, where these are the rows.
    pub fn grouped(&self, categories: &[String]) -> Self {
        let mut known: Vec<&String> = Vec::new();
        let mut place = |name| {
            known.iter().position(|other| *other == name).unwrap_or_else(|| {
                known.push(name);
                known.len() - 1
            })
        };
        let places: Vec<usize> = categories.iter().map(&mut place).collect();
        let mut rows: Vec<usize> = (0..self.rows.len()).collect();
        rows.sort_by_key(|&row| places[row]);
        let groups: Vec<String> = rows.iter().map(|&row| categories[row].clone()).collect();
        let both = self.is_symmetric();
        let columns = if both { rows.clone() } else { (0..self.columns.len()).collect() };
        let column_groups = both.then(|| groups.clone());
        Self { row_groups: Some(groups), column_groups, ..self.ordered(&rows, &columns) }
    }

    /// Means of blocks, at most so many along a side, and how many rows and columns a block has.
    pub fn blocks(&self, side: usize) -> (Vec<Vec<f64>>, (usize, usize)) {
        let (n, m) = (self.rows.len(), self.columns.len());
        let (tall, wide) = (n.div_ceil(side), m.div_ceil(side));
        let mean = |row: usize, column: usize| {
            let (rows, columns) = (row..(row + tall).min(n), column..(column + wide).min(m));
            let all = rows.flat_map(|row| columns.clone().map(move |column| self.at(row, column)));
            let (sum, known) = all.filter(|x| x.is_finite()).fold((0.0, 0.0), |(sum, known), x| (sum + x, known + 1.0));
            sum / known
        };
        let rows = (0..n).step_by(tall);
        let blocks = rows.map(|row| (0..m).step_by(wide).map(|column| mean(row, column)).collect());
        (blocks.collect(), (tall, wide))
    }
}
/// Euclid's distance of two rows over the places that both have, as if they had all.
fn distance(of: &dyn Fn(usize, usize) -> f64, (a, b): (usize, usize), places: usize) -> f64 {
    let squares = (0..places).map(|at| (of(a, at) - of(b, at)).powi(2)).filter(|square| square.is_finite());
    let (sum, known) = squares.fold((0.0, 0usize), |(sum, known), square| (sum + square, known + 1));
    if known == 0 { 0.0 } else { (sum * places as f64 / known as f64).sqrt() }
}

/// An order in which like stand beside like: the leaves of a tree by average linkage, of two branches the one with the
/// earlier first member first.
fn cluster(n: usize, distance: impl Fn(usize, usize) -> f64) -> Vec<usize> {
    let mut condensed: Vec<f64> =
        (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b))).map(|(a, b)| distance(a, b)).collect();
    let tree = linkage(&mut condensed, n, Method::Average);
    let mut branches: Vec<Vec<usize>> = (0..n).map(|leaf| vec![leaf]).collect();
    for step in tree.steps() {
        let (a, b) = (std::mem::take(&mut branches[step.cluster1]), std::mem::take(&mut branches[step.cluster2]));
        let first = |branch: &[usize]| branch.iter().min().copied();
        let joined = if first(&a) < first(&b) { [a, b].concat() } else { [b, a].concat() };
        branches.push(joined);
    }
    branches.pop().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shades(rows: usize, values: &[f64]) -> Shades {
        let columns = values.len() / rows;
        let names = |count: usize, of: &str| (0..count).map(|at| format!("{of}{at}")).collect();
        Shades { rows: names(rows, "r"), columns: names(columns, "c"), values: values.to_vec(), ..Shades::default() }
    }

    #[test]
    fn like_stands_beside_like() {
        // By hand: 0 and 2 are 1 apart, 1 and 3 are 1 apart, the pairs 10 on average.
        assert_eq!(shades(4, &[0.0, 10.0, 1.0, 11.0]).clustered().values, [0.0, 1.0, 10.0, 11.0]);
        assert_eq!(shades(1, &[3.0]).clustered().values, [3.0]);
        // Distances among three things, the first and the last alike: rows and columns go together.
        let distances = shades(3, &[0.0, 5.0, 1.0, 5.0, 0.0, 6.0, 1.0, 6.0, 0.0]).clustered();
        assert_eq!(distances.rows, ["r0", "r2", "r1"]);
        assert_eq!(distances.columns, ["c0", "c2", "c1"]);
        assert_eq!(distances.values, [0.0, 1.0, 5.0, 1.0, 0.0, 6.0, 5.0, 6.0, 0.0]);
    }

    #[test]
    fn rows_of_a_category_stand_together() {
        let categories = ["b", "a", "b"].map(str::to_owned);
        let distances = shades(3, &[0.0, 5.0, 1.0, 5.0, 0.0, 6.0, 1.0, 6.0, 0.0]).grouped(&categories);
        assert_eq!(distances.rows, ["r0", "r2", "r1"]);
        assert_eq!(distances.values, [0.0, 1.0, 5.0, 1.0, 0.0, 6.0, 5.0, 6.0, 0.0]);
        let groups = Some(["b", "b", "a"].map(str::to_owned).to_vec());
        assert_eq!((&distances.row_groups, &distances.column_groups), (&groups, &groups));
        let table = shades(3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).grouped(&categories);
        assert_eq!((table.values, table.column_groups), (vec![1.0, 2.0, 5.0, 6.0, 3.0, 4.0], None));
    }

    #[test]
    fn cells_without_values_neither_part_nor_join() {
        let odd = shades(3, &[f64::NAN, f64::NAN, 0.0, 1.0, 0.0, f64::NAN]);
        assert_eq!(odd.clustered().rows.len(), 3);
        assert_eq!(odd.range(), Some((0.0, 1.0)));
        assert_eq!(shades(1, &[f64::NAN]).range(), None);
    }

    #[test]
    fn blocks_are_means() {
        let side = 2_592;
        let large =
            shades(side, &(0..side * side).map(|at| (at % side) as f64 - (at / side) as f64).collect::<Vec<_>>());
        let (blocks, size) = large.blocks(432);
        assert_eq!((blocks.len(), blocks[0].len(), size), (432, 432, (6, 6)));
        assert_eq!(blocks[0][1], 6.0);
        assert_eq!(large.ordered(&[1], &[0, 2]).values, [-1.0, 1.0]);
    }
}
