/*
 * clvp/limits.h: upper limits of arguments, and sizes that memory estimates depend on. lib/base/limits.ts holds the same numbers;
 * test/base/limits.test.js compares the two tables.
 */
#pragma once

#include <cstdint>

namespace clvp::limits {

constexpr uint32_t candidates = 65536;
constexpr uint32_t batch_size = 1024; // candidates of one call that are decoded together
constexpr uint32_t beams = 256;
constexpr uint32_t stops = 64;           // ids that end a row
constexpr uint32_t bad_words = 65536;    // sequences of ids that must not be drawn
constexpr uint32_t row_codes = 4096;     // codes of one row for an encoder: three minutes of speech
constexpr uint32_t tower_rows = 4096;    // rows of one forward pass
constexpr uint32_t decoder_keys = 16384; // keys of one forward pass, past included; explicit positions may repeat, so they set no bound
constexpr uint32_t threads = 512;
constexpr uint32_t preview_iterations = 1000;
constexpr uint32_t speech_frames = 17832; // frames of sound of row_codes codes
constexpr uint32_t voice_clips = 64;      // clips of one voice for the diffusion model

constexpr uint32_t page_positions = 32;    // positions of one page of the KV cache
constexpr uint32_t scored_together = 1024; // codes that are encoded together, over all rows

} // namespace clvp::limits
