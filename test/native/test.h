// A small test harness. The files in this folder define tests and main.cpp runs them:
//
//     TEST(name_of_a_behaviour) {
//         CHECK(1 + 1 == 2);
//         CHECK_CLOSE(std::sqrt(2.0), 1.41421, 1e-5);
//         CHECK_THROWS(Code::audio, clvp::decode_audio(nullptr, 0));
//     }
//
// A failed check is reported and the test continues. Any other exception ends the test.
#pragma once

#include "clvp.h"

#include <cmath>
#include <string>
#include <vector>

namespace test {

struct Case {
    const char * name;
    void (*run)();
};

/// All tests of the program, in the order of their files.
std::vector<Case> & cases();
/// Reports a failed check of the running test.
void report(const char * file, int line, const std::string & message);
/// Prints a line of measurements for the running test, printf-formatted.
void note(const char * format, ...);

struct Registration {
    Registration(const char * name, void (*run)()) { cases().push_back({ name, run }); }
};

inline void check_close(const char * file, int line, const char * text, double a, double b, double tolerance) {
    if (!(std::fabs(a - b) <= tolerance)) { // so that NaN fails
        report(file, line, std::string(text) + ": " + std::to_string(a) + " is not within " + std::to_string(tolerance) + " of " + std::to_string(b));
    }
}

template <typename F> void check_throws(const char * file, int line, const char * text, clvp::Code code, F && run) {
    try {
        run();
    } catch (const clvp::Error & error) {
        if (error.code != code) {
            report(file, line, std::string(text) + " throws " + clvp::code_name(error.code) + ": " + error.what());
        }
        return;
    }
    report(file, line, std::string(text) + " does not throw");
}

} // namespace test

#define TEST(name)                                                                                                                                             \
    static void test_##name();                                                                                                                                 \
    static test::Registration registration_##name(#name, test_##name);                                                                                         \
    static void test_##name()

#define CHECK(...) ((__VA_ARGS__) ? (void)0 : test::report(__FILE__, __LINE__, #__VA_ARGS__))
#define CHECK_CLOSE(a, b, tolerance) test::check_close(__FILE__, __LINE__, #a, double(a), double(b), double(tolerance))
#define CHECK_THROWS(code, ...) test::check_throws(__FILE__, __LINE__, #__VA_ARGS__, code, [&]() { (void)(__VA_ARGS__); })
