//! A recorder that keeps everything, for tests to look at.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    set_global_recorder,
};

/// All that has been recorded in this process. Clones are the same record.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recorded {
    counters: Table,
    gauges: Table,
    units: Arc<Mutex<HashMap<String, Unit>>>,
}

type Table = Arc<Mutex<HashMap<Key, Arc<AtomicU64>>>>;

impl Recorded {
    /// Records from now on what anybody in this process publishes.
    pub(crate) fn install() -> Recorded {
        let recorded = Recorded::default();
        set_global_recorder(recorded.clone()).expect("this is the only one");
        recorded
    }

    /// A counter of a server.
    pub(crate) fn counter(&self, name: &str, server: &str, label: Label<'_>) -> Option<u64> {
        look(&self.counters, name, server, label)
    }

    /// A gauge of a server, to the next whole number.
    pub(crate) fn gauge(&self, name: &str, server: &str, label: Label<'_>) -> Option<u64> {
        let float = f64::from_bits(look(&self.gauges, name, server, label)?);
        format!("{float:.0}").parse().ok()
    }

    /// The unit that a name was described with.
    pub(crate) fn unit(&self, name: &str) -> Option<Unit> {
        self.units.lock().unwrap().get(name).copied()
    }

    /// The names that were published and never described.
    pub(crate) fn unknown(&self) -> Vec<String> {
        let mut names = Vec::new();
        for table in [&self.counters, &self.gauges] {
            names.extend(table.lock().unwrap().keys().map(|key| key.name().to_owned()));
        }
        names.retain(|name| self.unit(name).is_none());
        names
    }
}

/// A label beside the one that names the server.
pub(crate) type Label<'a> = Option<(&'a str, &'a str)>;

fn look(table: &Table, name: &str, server: &str, label: Label<'_>) -> Option<u64> {
    let mut labels = vec![metrics::Label::new("server", server.to_owned())];
    labels.extend(label.map(|(key, value)| metrics::Label::new(key.to_owned(), value.to_owned())));
    let number = table.lock().unwrap().get(&Key::from_parts(name.to_owned(), labels)).cloned();
    number.map(|number| number.load(Ordering::SeqCst))
}

impl Recorder for Recorded {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, _: SharedString) {
        self.units.lock().unwrap().extend(unit.map(|unit| (key.as_str().to_owned(), unit)));
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, about: SharedString) {
        self.describe_counter(key, unit, about);
    }

    fn describe_histogram(&self, key: KeyName, _: Option<Unit>, _: SharedString) {
        unreachable!("{key:?} is a histogram: there are none");
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let mut counters = self.counters.lock().unwrap();
        Counter::from_arc(Arc::clone(counters.entry(key.clone()).or_default()))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let mut gauges = self.gauges.lock().unwrap();
        Gauge::from_arc(Arc::clone(gauges.entry(key.clone()).or_default()))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        unreachable!("{key:?} is a histogram: there are none");
    }
}
