// What a fuzzer runs: one function that takes any bytes, and sound bytes to start from. Built with clang and its libFuzzer, which finds
// its way by what the bytes reach, or with any compiler and driver.cpp, which changes the seeds at random.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fuzz {

/// Sound inputs, some thousand bytes each.
std::vector<std::string> seeds();
/// Must return, whatever the bytes are: any error but clvp::Error ends the process.
void run(const uint8_t * data, size_t size);

} // namespace fuzz
