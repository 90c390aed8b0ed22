//! The program itself, with few file descriptors and with signals.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{runtime::Runtime, time::Instant};

use super::{OK, raw_client::Line};

/// The program, killed on drop.
struct Program {
    child: Child,
    address: SocketAddr,
    folder: PathBuf,
}

/// A free address below the ephemeral port range, with a different start for each test process, so that it is still
/// free when the program listens.
pub(crate) fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let offset = std::process::id() * 7 + u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = 20_000 + u16::try_from(offset % 10_000).unwrap();
        if let Ok(free) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            return free.local_addr().unwrap();
        }
    }
}

impl Program {
    /// Starts it with a limit on open files, and waits until it serves.
    fn start(name: &str, files: u32) -> Self {
        let folder = std::env::temp_dir().join(format!("bookplate-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let address = free_address();
        let mut child = Command::new("sh")
            .args([
                "-c",
                "ulimit -n \"$1\" && exec \"$0\"",
                env!("CARGO_BIN_EXE_bookplate"),
                &files.to_string(),
            ])
            .current_dir(&folder)
            .env_clear()
            .env("PORT", address.port().to_string())
            .env("DATABASE_URL", format!("sqlite://{}", folder.join("bookplate.db").display()))
            .env("BOOKPLATE_SECRET", "Zk3vQ8pLr5Tn1Wx7Yb9Hc2Md4Jf6Gs0A")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        let serves = said.by_ref().map_while(Result::ok).any(|line| line.contains("Bookplate is at"));
        assert!(serves, "it ended instead");
        // What it says from now on is read, so that it never waits to be heard.
        std::thread::spawn(move || said.count());
        Self { child, address, folder }
    }

    fn asked_to_stop(&mut self) -> ExitStatus {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        self.child.wait().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Opens more connections than there are file descriptors, and then sends a request.
async fn crowd_out(program: &Program) {
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(Line::to(program.address).await);
    }
    // Silent connections end by themselves after ten seconds; nobody is to wait for that.
    for _ in 0..10 {
        let begun = Instant::now();
        let mut line = Line::to(program.address).await;
        line.send(OK).await;
        assert_eq!(line.answer().await.status, 200);
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
    assert_eq!(silent.len(), 300);
}

#[test]
fn security_40_with_few_file_descriptors_silent_clients_do_not_block() {
    let program = Program::start("files", 100);
    Runtime::new().unwrap().block_on(crowd_out(&program));
}

/// `prlimit` exists on Linux only.
#[cfg(target_os = "linux")]
#[test]
fn security_40_accepting_continues_after_running_out_of_file_descriptors() {
    use rustix::process::{Resource, Rlimit, prlimit};

    let program = Program::start("no-files", 1000);
    let fewer = Rlimit { current: Some(60), maximum: Some(1000) };
    prlimit(Some(Pid::from_child(&program.child)), Resource::Nofile, fewer).unwrap();
    Runtime::new().unwrap().block_on(crowd_out(&program));
}

#[test]
fn the_program_shuts_down_cleanly_with_open_connections() {
    let mut program = Program::start("signal", 1000);
    Runtime::new().unwrap().block_on(async {
        let silent = Line::to(program.address).await;
        let mut idle = Line::to(program.address).await;
        idle.send(OK).await;
        assert_eq!(idle.answer().await.status, 200);
        // A request under way would be given ten seconds.
        let begun = Instant::now();
        assert_eq!(program.asked_to_stop().code(), Some(0));
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        assert!(silent.rest().await.is_empty() && idle.rest().await.is_empty());
    });
}
