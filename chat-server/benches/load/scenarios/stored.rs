//! What it costs to keep what is said: the same talk with a store and without one.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Bench;
use crate::Result;
use crate::paired::{ROUNDS, paired};
use crate::report::{Bar, Report, Unit};
use crate::room::{Room, Shape, Until};

const SHAPE: Shape = Shape { senders: 1, receivers: 100, text_bytes: 66 };
/// How many lines are acknowledged one after the other in a round.
const ACKNOWLEDGED: u32 = 50;
/// As much as a commit of one line writes, about: some pages.
const WRITTEN: usize = 12 * 1024;
const PATIENCE: Duration = Duration::from_secs(20);

/// As much as goes through, with a store next to without.
pub(super) fn stored(bench: &Bench, report: &mut Report) -> Result<()> {
    let time = Until::Elapsed(bench.round());
    let pass = |options: &[&str]| {
        let server = bench.target.open_with(SHAPE.clients(), options)?;
        Ok(Room::open(server, SHAPE)?.run(256, time)?.deliveries_per_second())
    };
    let with_store = || {
        let file = StoreFile::new()?;
        pass(&["--store", file.path()?])
    };
    let figures = paired(ROUNDS, with_store, || pass(&[]))?;
    let (with, without) = (figures.first, figures.second);
    report.row("stored", "deliveries a second with a store", with, Unit::PerSecond, Bar::None);
    report.row("stored", "deliveries a second without", without, Unit::PerSecond, Bar::None);
    report.row("stored", "with over without", figures.ratio, Unit::Ratio, Bar::AtLeast(0.9));
    Ok(())
}

/// What it takes until a line is acknowledged, next to a bare write that waits for the disk.
pub(super) fn acknowledged(bench: &Bench, report: &mut Report) -> Result<()> {
    let file = StoreFile::new()?;
    let server = bench.target.open_with(1, &["--store", file.path()?])?;
    let mut asker = Asker::connect(TcpStream::connect(server.address())?)?;
    let mut bare = File::create(file.beside())?;
    let acknowledged = || {
        let started = Instant::now();
        (0..ACKNOWLEDGED).try_for_each(|_| asker.ask())?;
        Ok((started.elapsed() / ACKNOWLEDGED).as_secs_f64())
    };
    let written = || {
        let started = Instant::now();
        for _ in 0..ACKNOWLEDGED {
            bare.write_all(&[b'x'; WRITTEN])?;
            bare.sync_data()?;
        }
        Ok((started.elapsed() / ACKNOWLEDGED).as_secs_f64())
    };
    let figures = paired(ROUNDS, acknowledged, written)?;
    let (line, bare) = (figures.first, figures.second);
    let name = "acked";
    report.row(name, "from a line to its answer", line, Unit::Milliseconds, Bar::None);
    report.row(name, "a bare write that waits for the disk", bare, Unit::Milliseconds, Bar::None);
    // The disk's own wait, and one group commit more.
    report.row(name, "the answer over the write", figures.ratio, Unit::Ratio, Bar::AtMost(2.0));
    Ok(())
}

/// A client that says one line at a time and waits until it knows that it is kept.
struct Asker {
    lines: BufReader<TcpStream>,
    said: u64,
}

impl Asker {
    fn connect(stream: TcpStream) -> Result<Asker> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut asker = Asker { lines: BufReader::new(stream), said: 0 };
        asker.say("/tags\n/resume\n")?;
        asker.wait_for("kind=answer;server=")?;
        asker.wait_for("kind=answer;session=")?;
        Ok(asker)
    }

    fn ask(&mut self) -> Result<()> {
        self.said += 1;
        self.say(&format!("@label={} this is to be kept, whatever happens\n", self.said))?;
        self.wait_for("kind=sent")
    }

    fn say(&mut self, line: &str) -> Result<()> {
        Ok(self.lines.get_mut().write_all(line.as_bytes())?)
    }

    fn wait_for(&mut self, what: &str) -> Result<()> {
        let mut line = String::new();
        self.lines.read_line(&mut line)?;
        let is_it = line.contains(what) && !line.contains("volatile");
        if is_it { Ok(()) } else { Err(format!("`{line}` came instead of {what}").into()) }
    }
}

/// A place for a store, which is empty, and is gone with this value.
struct StoreFile {
    folder: PathBuf,
    file: PathBuf,
}

impl StoreFile {
    fn new() -> Result<StoreFile> {
        let name = format!("load-{}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let file = folder.join("chat.db");
        Ok(StoreFile { folder, file })
    }

    fn path(&self) -> Result<&str> {
        Ok(self.file.to_str().ok_or("the path of the folder for temporary files is no text")?)
    }

    /// Another file on the same disk.
    fn beside(&self) -> PathBuf {
        self.folder.join("bare")
    }
}

impl Drop for StoreFile {
    /// What cannot be removed now is removed before the next run.
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
