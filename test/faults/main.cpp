// Lets the Nth allocation, read, write, ... fail, for N = 1, 2, 3, ..., each in a process of its own, and counts what becomes of the work.
//
//     clvp_faults [--all]    a table of all kinds; with --all none of the calls is left out. Status 1 if one is not survived
//     clvp_faults ROW N      one of them in this process, which tells where it strikes: for a debugger
//
// A fault is survived if the work is done nevertheless, or ends with an error of the right code; and if, in both cases, the same process
// then gives the same results as without a fault, and nothing is left behind: no thread, no open file, no temporary file.
#include "../native/tiny_speech.h"
#include "inject.h"
#include "job.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <new>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fs = std::filesystem;
using namespace faults;

namespace {

constexpr unsigned patience = 20;  // seconds; longer, and twice, is a hang
constexpr uint64_t n_limits = 100; // limits of memory
constexpr uint64_t n_first = 100;  // calls that are tried one by one
constexpr uint64_t n_first_new = 500;
constexpr uint64_t n_more = 200;     // calls behind the first ones, at equal distances
constexpr size_t n_side_by_side = 2; // processes

const std::vector<Step> everything = { Step::load, Step::session, Step::draw, Step::embed, Step::speak, Step::look, Step::write, Step::give_up, Step::drop };
const std::vector<Step> drawing_again = { Step::session, Step::draw_again, Step::drop };
const std::vector<Step> computing = { Step::load, Step::session, Step::draw, Step::embed, Step::speak, Step::drop };
const std::vector<Step> reading = { Step::load, Step::drop, Step::map, Step::drop };
const std::vector<Step> writing = { Step::write, Step::give_up };

struct Row {
    const char * name;
    Fault fault;
    const std::vector<Step> & steps;
    uint64_t n_all;                 // calls that are tried one by one
    std::vector<clvp::Code> errors; // that are right
};

const std::vector<clvp::Code> memory = { clvp::Code::out_of_memory }, io = { clvp::Code::io }, cut = { clvp::Code::io, clvp::Code::model_format };

const std::vector<Row> rows = {
    { "operator new", { Site::operator_new, ENOMEM }, everything, n_first_new, memory },
    { "operator new, 3 in a row", { Site::operator_new, ENOMEM, Effect::fail, 2 }, everything, n_first, memory },
    { "blocks from 4096 bytes", { Site::big_block, ENOMEM }, everything, n_first, memory },
    { "a limit of memory", { Site::memory, ENOMEM }, computing, n_first, memory },
    { "blocks below 4096 bytes", { Site::small_block, ENOMEM }, everything, n_first, memory },
    { "reading: open, EMFILE", { Site::open, EMFILE }, reading, n_first, io },
    { "reading: fstat, EIO", { Site::stat, EIO }, reading, n_first, io },
    { "reading: pread, EIO", { Site::read, EIO }, reading, n_first, io },
    { "reading: pread, EINTR", { Site::read, EINTR }, reading, n_first, {} },
    { "reading: pread, half", { Site::read, 0, Effect::half }, reading, n_first, {} },
    { "reading: pread, the end", { Site::read, 0, Effect::nothing }, reading, n_first, cut },
    { "reading: mmap, ENOMEM", { Site::map, ENOMEM }, reading, n_first, { clvp::Code::io, clvp::Code::out_of_memory } },
    { "reading: close, EIO", { Site::close, EIO }, reading, n_first, {} },
    { "reading: fopen, EMFILE", { Site::stream, EMFILE }, everything, n_first, {} },
    { "writing: open, EACCES", { Site::open, EACCES }, writing, n_first, io },
    { "writing: fstat, EIO", { Site::stat, EIO }, writing, n_first, io },
    { "writing: flock, ENOLCK", { Site::lock, ENOLCK }, writing, n_first, {} },
    { "writing: flock, EWOULDBLOCK", { Site::lock, EWOULDBLOCK }, writing, n_first, {} },
    { "writing: dup, EMFILE", { Site::dup, EMFILE }, writing, n_first, {} },
    { "writing: pwrite, EIO", { Site::write, EIO }, writing, n_first, io },
    { "writing: pwrite, ENOSPC", { Site::write, ENOSPC }, writing, n_first, io },
    { "writing: pwrite, EINTR", { Site::write, EINTR }, writing, n_first, {} },
    { "writing: pwrite, half", { Site::write, 0, Effect::half }, writing, n_first, {} },
    { "writing: pwrite, nothing", { Site::write, 0, Effect::nothing }, writing, n_first, io },
    { "writing: fsync, EIO", { Site::sync, EIO }, writing, n_first, io },
    { "writing: pread, EIO", { Site::read, EIO }, writing, n_first, io },
    { "writing: pread, half", { Site::read, 0, Effect::half }, writing, n_first, {} },
    { "writing: pread, the end", { Site::read, 0, Effect::nothing }, writing, n_first, cut },
    { "writing: close, EIO", { Site::close, EIO }, writing, n_first, io },
    { "writing: rename, EIO", { Site::rename, EIO }, writing, n_first, io },
    { "operator new, drawn again", { Site::operator_new, ENOMEM }, drawing_again, n_first_new, memory },
};

// --- in the child -------------------------------------------------------------------------------------------------

enum class End { none, handled, error, wrong };

/// What a child tells of itself, in memory that it shares with its parent.
struct Report {
    std::atomic<Step> at{ Step::load };
    End end = End::none; // stays if the process dies
    bool struck = false;
    uint64_t n_calls = 0, digest = 0;
    char why[160] = ""; // it is wrong
};

/// Takes no memory: faults may still strike.
void tell(Report & report, End end, const char * what = "", const char * why = "") {
    report.end = end;
    snprintf(report.why, sizeof report.why, "%s%s", what, why);
}

/// Is the work done? Whatever it throws that is no error of ours, or one of a wrong code, makes the report wrong.
bool works(Job & job, const Row & row, Report & report) {
    try {
        job.run(report.at);
        tell(report, End::handled);
        return true;
    } catch (const clvp::Error & error) {
        const bool right = std::find(row.errors.begin(), row.errors.end(), error.code) != row.errors.end();
        right ? tell(report, End::error) : tell(report, End::wrong, "the error ", error.what());
    } catch (const std::exception & error) {
        tell(report, End::wrong, "threw ", error.what());
    }
    return false;
}

/// After a fault: once more without one, with what is left of the first try.
void try_again(Job & job, const Row & row, Report & report, uint64_t expected) {
    const Step struck = report.at;
    if (const std::string left = job.file_leftovers(); !left.empty()) {
        return tell(report, End::wrong, left.c_str());
    }
    if (!works(job, row, report)) {
        const std::string why = report.why;
        return tell(report, End::wrong, "the next try ends with an error ", why.c_str());
    }
    if (job.digest() != expected) {
        return tell(report, End::wrong, "the next try gives other results");
    }
    report.at = struck;
    tell(report, End::error);
}

/// A fault of n = UINT64_MAX never strikes: the run tells what all others must give.
void run(const Row & row, uint64_t n, const std::string & folder, Report & report, uint64_t expected) {
    fs::create_directory(folder);
    Job job(row.steps, fs::absolute("tiny-speech.gguf").string(), folder);
    if (row.fault.site == Site::memory || row.steps.front() == Step::session) {
        job.load();
    }
    Fault fault = row.fault;
    fault.n = n;
    arm(fault);
    const bool done = works(job, row, report);
    report.n_calls = disarm();
    report.struck = has_struck();
    if (report.end != End::wrong && n == UINT64_MAX) {
        report.digest = job.digest();
    } else if (report.end != End::wrong && done && job.digest() != expected) {
        tell(report, End::wrong, "gives other results");
    } else if (report.end != End::wrong && !done) {
        try_again(job, row, report, expected);
    }
    job.drop();
    const std::string left = job.leftovers();
    if (report.end != End::wrong && !left.empty()) {
        tell(report, End::wrong, left.c_str());
    }
}

// --- in the parent ------------------------------------------------------------------------------------------------

/// A child at work.
struct Child {
    pid_t id = 0;
    uint64_t n = 0;
    std::string folder;
    Report * report = nullptr;
};

Report * shared_report() {
    void * memory = mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        throw std::bad_alloc();
    }
    return new (memory) Report;
}

void be_silent() {
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(nowhere, STDERR_FILENO);
    close(nowhere);
}

Child start(const Row & row, uint64_t n, uint64_t expected) {
    static uint64_t n_children = 0;
    Child child = { 0, n, fs::absolute("run-" + std::to_string(n_children++)).string(), shared_report() };
    fflush(stdout);
    child.id = fork();
    if (child.id == 0) {
        alarm(patience);
        be_silent(); // GGML tells of each block that it does not get
        run(row, n, child.folder, *child.report, expected);
        _exit(0);
    }
    return child;
}

/// What has become of one row's faults.
struct Tally {
    uint64_t n_calls = 0, n_tried = 0, n_handled = 0, n_errors = 0, n_failed = 0;
    struct Kind {
        std::string what;
        uint64_t n = 0, first = 0;
    };
    std::vector<Kind> failures;

    void add_failure(const std::string & what, uint64_t n) {
        n_failed++;
        for (Kind & kind : failures) {
            if (kind.what == what) {
                kind.n++;
                kind.first = std::min(kind.first, n);
                return;
            }
        }
        failures.push_back({ what, 1, n });
    }
};

bool hangs(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM; }

std::string ending(const Child & child, int status) {
    std::string what = child.report->why;
    if (WIFSIGNALED(status)) {
        what = hangs(status) ? "hangs" : strsignal(WTERMSIG(status));
    } else if (child.report->end == End::none) {
        what = "ended with status " + std::to_string(WEXITSTATUS(status));
    }
    return what + " (" + step_name(child.report->at) + ")";
}

void count(const Child & child, int status, Tally & tally) {
    const Report & report = *child.report;
    const bool died = WIFSIGNALED(status) || report.end == End::none;
    if (died || report.end == End::wrong) {
        tally.n_tried++;
        tally.add_failure(ending(child, status), child.n);
    } else if (report.struck) { // else there were fewer calls this time
        tally.n_tried++;
        (report.end == End::handled ? tally.n_handled : tally.n_errors)++;
    }
}

/// Lets the child's traces go.
void clear(const Child & child) {
    fs::remove_all(child.folder);
    munmap(child.report, sizeof(Report));
}

/// Waits for one of the children, and counts it. One that takes too long gets a second try, by itself: the machine may be busy.
void collect(std::vector<Child> & children, const Row & row, Tally & tally, uint64_t expected) {
    int status = 0;
    const pid_t id = waitpid(-1, &status, 0);
    const auto ended = std::find_if(children.begin(), children.end(), [&](const Child & child) { return child.id == id; });
    if (ended == children.end()) {
        throw std::runtime_error("a process is lost");
    }
    Child child = *ended;
    children.erase(ended);
    if (hangs(status)) {
        clear(child);
        child = start(row, child.n, expected);
        waitpid(child.id, &status, 0);
    }
    count(child, status, tally);
    clear(child);
}

/// What the row counts without a fault, and what its work gives then.
void measure(const Row & row, Tally & tally, uint64_t & expected) {
    const Child child = start(row, UINT64_MAX, 0);
    int status = 0;
    waitpid(child.id, &status, 0);
    if (status != 0 || child.report->end != End::handled) {
        throw std::runtime_error("the work fails without a fault: " + ending(child, status));
    }
    tally.n_calls = child.report->n_calls;
    expected = child.report->digest;
    clear(child);
}

/// Which calls to strike, or which limits to set.
std::vector<uint64_t> choices(const Row & row, uint64_t n_calls, bool all) {
    std::vector<uint64_t> list;
    if (row.fault.site == Site::memory) {
        for (uint64_t i = 0; i < n_limits; i++) {
            list.push_back(n_calls * i / n_limits);
        }
        return list;
    }
    const uint64_t step = n_calls > row.n_all && !all ? (n_calls - row.n_all + n_more - 1) / n_more : 1;
    for (uint64_t n = 1; n <= n_calls; n += n < row.n_all ? 1 : step) {
        list.push_back(n);
    }
    return list;
}

Tally try_all(const Row & row, bool all) {
    Tally tally;
    uint64_t expected = 0;
    measure(row, tally, expected);
    std::vector<Child> children;
    for (uint64_t n : choices(row, tally.n_calls, all)) {
        if (children.size() == n_side_by_side) {
            collect(children, row, tally, expected);
        }
        children.push_back(start(row, n, expected));
    }
    while (!children.empty()) {
        collect(children, row, tally, expected);
    }
    return tally;
}

void print(size_t number, const Row & row, const Tally & tally) {
    printf("%3zu  %-28s %10llu %8llu %8llu %8llu %8llu\n", number, row.name, static_cast<unsigned long long>(tally.n_calls),
           static_cast<unsigned long long>(tally.n_tried), static_cast<unsigned long long>(tally.n_handled), static_cast<unsigned long long>(tally.n_errors),
           static_cast<unsigned long long>(tally.n_failed));
    for (const Tally::Kind & kind : tally.failures) {
        printf("       %llu x %s, first at N = %llu\n", static_cast<unsigned long long>(kind.n), kind.what.c_str(),
               static_cast<unsigned long long>(kind.first));
    }
}

bool try_rows(bool all) {
    const auto begin = std::chrono::steady_clock::now();
    printf("%3s  %-28s %10s %8s %8s %8s %8s\n", "row", "what fails", "calls", "tried", "handled", "errors", "failed");
    unsigned long long n_tried = 0, n_failed = 0;
    for (size_t i = 0; i < rows.size(); i++) {
        const Tally tally = try_all(rows[i], all);
        print(i, rows[i], tally);
        n_tried += tally.n_tried;
        n_failed += tally.n_failed;
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    if (!all) {
        printf("Tried are the first calls one by one (%llu, or %llu of rows 0 and 30), and %llu of the others.\n", static_cast<unsigned long long>(n_first),
               static_cast<unsigned long long>(n_first_new), static_cast<unsigned long long>(n_more));
    }
    printf("Row 3's calls are bytes, of which %llu limits are tried. %.0f s.\n", static_cast<unsigned long long>(n_limits), seconds.count());
    printf("%llu passed, %llu failed\n", n_tried - n_failed, n_failed);
    return n_failed == 0;
}

/// One fault in this process.
bool try_one(const Row & row, uint64_t n) {
    Tally tally;
    uint64_t expected = 0;
    measure(row, tally, expected);
    trace_strikes();
    Report report;
    run(row, n, fs::absolute("run").string(), report, expected);
    const char * const ends[] = { "none", "handled", "an error of the right code", "wrong" };
    printf("%s, N = %llu: %s %s\n", row.name, static_cast<unsigned long long>(n), ends[static_cast<int>(report.end)], report.why);
    return report.end != End::wrong;
}

/// In a process of its own, since the parent must not have started anything of GGML's.
void write_model() {
    const pid_t id = fork();
    if (id == 0) {
        tiny::write_speech();
        _exit(0);
    }
    int status = 0;
    if (waitpid(id, &status, 0) != id || status != 0) {
        throw std::runtime_error("the model could not be written");
    }
}

/// A folder to work in, gone in the end.
struct Folder {
    fs::path path = fs::temp_directory_path() / ("clvp-faults-" + std::to_string(getpid()));
    Folder() {
        fs::create_directory(path);
        fs::current_path(path);
    }
    ~Folder() {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
};

} // namespace

int main(int argc, char ** argv) {
    setenv("GGML_NO_BACKTRACE", "1", 1); // it would start a debugger for each death
    const bool all = argc == 2 && strcmp(argv[1], "--all") == 0;
    const unsigned long number = argc == 3 ? strtoul(argv[1], nullptr, 10) : 0;
    if ((argc != 1 && argc != 3 && !all) || number >= rows.size()) {
        fprintf(stderr, "usage: clvp_faults [--all | ROW N]\n");
        return 2;
    }
    try {
        const Folder folder;
        write_model();
        const bool good = argc == 3 ? try_one(rows[number], strtoull(argv[2], nullptr, 10)) : try_rows(all);
        return good ? 0 : 1;
    } catch (const std::exception & error) {
        fprintf(stderr, "clvp_faults: %s\n", error.what());
        return 1;
    }
}
