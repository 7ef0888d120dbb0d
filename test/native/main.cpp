// Runs all tests, or those whose names contain one of the arguments. Exit code 1 if one fails or none is found.
#include "test.h"

#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace test {

static int n_failures = 0; // in the running test
static std::string notes;

std::vector<Case> & cases() {
    static std::vector<Case> all;
    return all;
}

void report(const char * file, int line, const std::string & message) {
    if (++n_failures <= 20) { // further failures in a loop add no information
        notes += std::string("    # ") + file + ":" + std::to_string(line) + ": " + message + "\n";
    }
}

void note(const char * format, ...) {
    char line[512];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    notes += std::string("    # ") + line + "\n";
}

static bool run(const Case & test) {
    n_failures = 0;
    notes.clear();
    const auto start = std::chrono::steady_clock::now();
    try {
        test.run();
    } catch (const clvp::Error & error) {
        report(test.name, 0, std::string("ended by ") + clvp::code_name(error.code) + ": " + error.what());
    } catch (const std::exception & error) {
        report(test.name, 0, std::string("ended by ") + error.what());
    }
    const std::chrono::duration<double, std::milli> ms = std::chrono::steady_clock::now() - start;
    printf("%s %s (%.0f ms)\n%s", n_failures == 0 ? "ok" : "not ok", test.name, ms.count(), notes.c_str());
    fflush(stdout);
    return n_failures == 0;
}

static bool is_asked_for(const char * name, int argc, char ** argv) {
    for (int i = 1; i < argc; i++) {
        if (strstr(name, argv[i])) {
            return true;
        }
    }
    return argc <= 1;
}

} // namespace test

int main(int argc, char ** argv) {
    int n_passed = 0, n_failed = 0;
    for (const test::Case & one : test::cases()) {
        if (test::is_asked_for(one.name, argc, argv)) {
            (test::run(one) ? n_passed : n_failed)++;
        }
    }
    printf("%d passed, %d failed\n", n_passed, n_failed);
    return n_failed == 0 && n_passed > 0 ? 0 : 1;
}
