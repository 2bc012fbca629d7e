//! The order of many as the order of numbers.

use bridge::Time;

/// The parts of a key one after the other in one number, the first one in its highest bits.
///
/// Numbers are compared faster than keys. Where they differ they are ordered as the keys are. A part that does not fit into its
/// bits ends the number, so that no later part is compared where it was cut off; where two such numbers are equal the keys decide.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Number {
    number: u128,
    ended: bool,
}

impl Number {
    /// What is so stands before what is not.
    pub(super) fn first_if(self, so: bool) -> Self {
        self.put(1, u64::from(!so))
    }

    /// The smaller stands first.
    pub(super) fn least(self, bits: u32, part: u64) -> Self {
        let most = most(bits);
        let next = self.put(bits, part.min(most));
        Self {
            ended: next.ended || part >= most,
            ..next
        }
    }

    /// The larger stands first.
    pub(super) fn largest(self, bits: u32, part: u64) -> Self {
        let most = most(bits);
        let next = self.put(bits, most - part.min(most));
        Self {
            ended: next.ended || part >= most,
            ..next
        }
    }

    /// A moment by its milliseconds; the later stands first. None after 1970 is too late for 51 bits.
    pub(super) fn latest(self, moment: Time) -> Self {
        let millis = moment.as_millis();
        let next = self.largest(51, millis.max(0).unsigned_abs());
        Self {
            ended: next.ended || millis <= 0,
            ..next
        }
    }

    /// The number.
    pub(super) fn get(self) -> u128 {
        self.number
    }

    /// Whether all parts are in it, so that equal numbers are of equal parts.
    pub(super) fn whole(self) -> bool {
        !self.ended
    }

    fn put(self, bits: u32, part: u64) -> Self {
        let part = if self.ended { 0 } else { part };
        Self {
            number: self.number << bits | u128::from(part),
            ..self
        }
    }
}

/// The largest part of so many bits: it stands for all that are larger, too.
const fn most(bits: u32) -> u64 {
    (1 << bits) - 1
}
