//! Names as numbers.

use std::collections::BTreeMap;

/// Names, each with a number from 0 up, so that what is of the same name is found among thousands without comparing names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers(BTreeMap<String, usize>);

impl Numbers {
    /// The number of a name, which gets one if it has none.
    pub(crate) fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.get(name) {
            return number;
        }
        let number = self.given();
        self.0.insert(name.to_owned(), number);
        number
    }

    /// The number of a name, where it has one.
    pub(crate) fn get(&self, name: &str) -> Option<usize> {
        self.0.get(name).copied()
    }

    /// How many numbers were given.
    pub(crate) fn given(&self) -> usize {
        self.0.len()
    }
}
