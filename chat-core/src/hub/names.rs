//! Which names are taken, and what nobody may be called.

use std::collections::{HashMap, HashSet};

use crate::ids::ConnId;
use crate::wire::Name;

/// The names of all clients that have one, by everything that each looks like.
#[derive(Debug, Default)]
pub(super) struct Names {
    owners: HashMap<String, ConnId>,
    reserved: HashSet<String>,
}

/// Why a name cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// Somebody has it, or one that looks like it.
    Taken,
    /// Nobody may have it, or one that looks like it.
    Reserved,
}

impl Names {
    /// No names but those that nobody may have.
    pub(super) fn new(reserved: &[Name]) -> Names {
        let looks = |name: &Name| name.looks().iter().map(str::to_owned).collect::<Vec<_>>();
        Names { owners: HashMap::new(), reserved: reserved.iter().flat_map(looks).collect() }
    }

    /// Gives a name to a client, in place of the one it has.
    pub(super) fn take(
        &mut self,
        conn: ConnId,
        name: &Name,
        former: Option<&Name>,
    ) -> Result<(), Refused> {
        let looks = name.looks();
        if looks.is_in(&self.reserved) {
            return Err(Refused::Reserved);
        }
        let is_others = |look: &str| self.owners.get(look).is_some_and(|&owner| owner != conn);
        if looks.iter().any(is_others) {
            return Err(Refused::Taken);
        }
        if let Some(former) = former {
            self.release(former);
        }
        self.owners.extend(looks.iter().map(|look| (look.to_owned(), conn)));
        Ok(())
    }

    /// A name is somebody else's from now on.
    pub(super) fn hand_over(&mut self, name: &Name, to: ConnId) {
        self.owners.extend(name.looks().iter().map(|look| (look.to_owned(), to)));
    }

    /// The name is free again.
    pub(super) fn release(&mut self, name: &Name) {
        for look in name.looks().iter() {
            self.owners.remove(look);
        }
    }

    /// Who has this name, however it is typed.
    pub(super) fn find(&self, name: &Name) -> Option<ConnId> {
        name.looks().iter().find_map(|look| self.owners.get(look)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn a_name_is_had_once_and_given_back() {
        let mut names = Names::new(&[name("admin")]);
        let [one, other] = [1, 2].map(|slot| ConnId::new(0, slot, 1));
        assert_eq!(names.take(one, &name("Ada"), None), Ok(()));
        assert_eq!(names.take(other, &name("ADA"), None), Err(Refused::Taken));
        assert_eq!(names.take(other, &name("ADMlN"), None), Err(Refused::Reserved));
        assert_eq!(names.find(&name("ada")), Some(one));
        // To be called otherwise in the same looks is no conflict with oneself.
        assert_eq!(names.take(one, &name("ada"), Some(&name("Ada"))), Ok(()));
        assert_eq!(names.take(one, &name("Grace"), Some(&name("ada"))), Ok(()));
        assert_eq!(names.take(other, &name("Ada"), None), Ok(()));
        names.release(&name("Ada"));
        assert_eq!(names.find(&name("Ada")), None);
    }
}
