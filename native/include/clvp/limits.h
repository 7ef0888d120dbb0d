/*
 * clvp/limits.h: the most that a call may ask for, and sizes that estimates of memory follow from. The one table of the core;
 * lib/base/limits.ts has the same numbers, and test/base/limits.test.js compares the two.
 */
#pragma once

#include <cstdint>

namespace clvp::limits {

constexpr uint32_t candidates = 65536;
constexpr uint32_t batch_size = 1024; // candidates of a call that are decoded together
constexpr uint32_t beams = 256;
constexpr uint32_t stops = 64;           // ids that end a row
constexpr uint32_t bad_words = 65536;    // runs of ids that are not drawn
constexpr uint32_t row_codes = 4096;     // codes that an encoder takes at once: three minutes of speech
constexpr uint32_t tower_rows = 4096;    // rows of one forward pass
constexpr uint32_t decoder_keys = 16384; // of one forward pass, with its past: explicit positions may repeat, so they do not bound it
constexpr uint32_t threads = 512;
constexpr uint32_t preview_iterations = 1000;

constexpr uint32_t page_positions = 32;    // of a candidate's keys and values, allocated together
constexpr uint32_t scored_together = 1024; // codes of rows that are encoded together

} // namespace clvp::limits
