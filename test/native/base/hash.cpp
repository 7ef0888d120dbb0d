// XXH64 against published values and against hashing in pieces; work divided among threads.
#include "test.h"

#include "base/hash.h"
#include "base/parallel.h"

#include <algorithm>
#include <atomic>
#include <stdexcept>

using namespace clvp;

static std::string hash_of(const std::string & text, size_t piece) {
    Hash hash;
    for (size_t i = 0; i < text.size(); i += piece) {
        hash.update(text.data() + i, std::min(piece, text.size() - i));
    }
    return hash.text();
}

TEST(hash_gives_the_published_values) {
    CHECK(hash_of("", 1) == "ef46db3751d8e999");
    CHECK(hash_of("a", 1) == "d24ec4f1a98c6e5b");
    CHECK(hash_of("abc", 3) == "44bc2cf5ad770999");
    CHECK(hash_of("Nobody inspects the spammish repetition", 39) == "fbcea83c8a378bf1");
}

TEST(hash_is_the_same_in_pieces) {
    std::string text;
    for (int i = 0; i < 1000; i++) {
        text += char(i * i);
    }
    for (size_t length : { 0, 1, 31, 32, 33, 64, 95, 1000 }) {
        const std::string part = text.substr(0, length);
        for (size_t piece : { 1, 3, 32, 33, 100 }) {
            CHECK(hash_of(part, piece) == hash_of(part, 1000));
        }
    }
}

TEST(parallel_does_each_piece_once) {
    for (const uint32_t n_threads : { 0, 1, 3, 16 }) {
        std::vector<std::atomic<int>> done(100);
        parallel(n_threads, done.size(), [&](size_t i) { done[i]++; });
        for (const auto & each : done) {
            CHECK(each == 1);
        }
    }
    parallel(4, 0, [](size_t) { throw std::logic_error("no piece"); });
}

TEST(parallel_throws_the_lowest_error) {
    for (int round = 0; round < 50; round++) {
        std::string found;
        try {
            parallel(4, 64, [](size_t i) {
                if (i % 7 == 3) {
                    throw std::runtime_error(std::to_string(i));
                }
            });
        } catch (const std::runtime_error & error) {
            found = error.what();
        }
        CHECK(found == "3");
    }
}
