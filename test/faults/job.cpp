// The steps of the work, and what must be left of them.
#include "job.h"

#include "../native/tiny_speech.h"
#include "base/hash.h"

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace fs = std::filesystem;

namespace faults {

namespace {

constexpr const char * old_content = "an old file";
constexpr uint32_t n_threads = 2;

size_t n_entries(const fs::path & folder) { return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator())); }

std::string read_all(const std::string & path) {
    std::ifstream in(path, std::ios::binary);
    return { std::istreambuf_iterator<char>(in), {} };
}

template <typename T> void add(clvp::Hash & hash, const std::vector<T> & values) { hash.update(values.data(), values.size() * sizeof(T)); }

/// The kernel lists a thread that has been joined for a moment more.
bool is_alone() {
    for (int i = 0; i < 200; i++) {
        if (n_entries("/proc/self/task") == 1) {
            return true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
}

/// A request that is made again as soon as it has failed, from its own `done`.
struct Retry {
    clvp::Session & session;
    const clvp::Request & request;
    std::mutex mutex;
    std::condition_variable wake;
    std::optional<clvp::Outcome> outcome;
    bool is_second = false;
};

void submit(Retry & retry) {
    retry.session.submit(retry.request, [&retry](clvp::Outcome found) {
        if (std::holds_alternative<clvp::Error>(found) && !retry.is_second) {
            retry.is_second = true;
            submit(retry);
            return;
        }
        std::lock_guard<std::mutex> lock(retry.mutex);
        retry.outcome.emplace(std::move(found));
        retry.wake.notify_one();
    });
}

} // namespace

const char * step_name(Step step) {
    switch (step) {
    case Step::load: return "loading";
    case Step::map: return "mapping";
    case Step::session: return "making a session";
    case Step::draw: return "drawing";
    case Step::draw_again: return "drawing again";
    case Step::embed: return "encoding";
    case Step::speak: return "making sound";
    case Step::look: return "looking through a file";
    case Step::write: return "writing";
    case Step::give_up: return "giving a file up";
    case Step::drop: return "dropping all";
    }
    return "";
}

Job::Job(std::vector<Step> steps, const std::string & model, const std::string & folder)
    : steps_(std::move(steps)), model_path_(model), folder_(folder), target_(folder + "/a-name-that-takes-memory.gguf"), session_options_{ n_threads, "auto" },
      prompt_(tiny::prompt()), text_(tiny::text_ids()), rows_{ { 1, 2, 3, 4 }, { 5, 6, 7 }, { 8, 9, 10, 11, 12 } }, writer_options_{ n_threads, nullptr },
      latents_(tiny::latents(20)), voice_(tiny::voice()), speaker_(tiny::speaker()) {
    mapped_.map = true;
    parts_.last = 2; // 87 frames
    sampling_.n_steps = 2;
    draw_options_.n_candidates = 3;
    draw_options_.max_tokens = 5;
    draw_options_.seed = 7;
    request_ = { prompt_, draw_options_ };
    beam_options_.n_beams = beam_options_.n_return = 2;
    beam_options_.max_tokens = 4;
    verify_options_.n_threads = n_threads;
    encoded_.n_rows = 2;
    encoded_.n_tokens = 3;
    encoded_.ids = { 1, 2, 3, 4, 5, 6 };
    values_["general.name"] = std::string("a text that is too long to lie in the string itself");
    values_["some.numbers"] = std::vector<int32_t>(100, 7);
    constexpr uint64_t n_cols = 256, n_rows = 320; // two threads' share
    tensors_ = { { "plain", "f32", { n_cols, n_rows } },
                 { "small", "q8_0", { n_cols, n_rows } },
                 { "weighed", "q4_k", { n_cols, 4 }, std::vector<float>(n_cols, 1.0f) } };
    for (uint64_t i = 0; i < n_cols * n_rows; i++) {
        weights_.push_back(static_cast<float>(i % 77) / 77);
    }
    std::ofstream(target_) << old_content;
    n_descriptors_ = n_entries("/proc/self/fd");
}

void Job::run(std::atomic<Step> & at) {
    for (Step step : steps_) {
        at = step;
        take(step);
    }
}

void Job::take(Step step) {
    switch (step) {
    case Step::load:
    case Step::map:
        if (!model_) {
            model_ = clvp::Model::load(model_path_, step == Step::map ? mapped_ : plain_);
        }
        break;
    case Step::session:
        if (!session_) {
            session_.emplace(model_, session_options_);
        }
        break;
    case Step::draw: draw(); break;
    case Step::draw_again: draw_again(); break;
    case Step::embed: embed(); break;
    case Step::speak: speak(); break;
    case Step::look: look(); break;
    case Step::write: write(); break;
    case Step::give_up: give_up(); break;
    case Step::drop: drop(); break;
    }
}

void Job::draw() {
    drawn_ = session_->generate(prompt_, draw_options_);
    searched_ = session_->search_beams(prompt_, beam_options_);
}

/// The fault strikes once, so the second request must succeed. One that submit() refused must not be answered too.
void Job::draw_again() {
    Retry first = { *session_, request_, {}, {}, {}, false };
    Retry second = { *session_, request_, {}, {}, {}, true };
    bool is_refused = false;
    try {
        submit(first);
    } catch (const std::exception &) {
        is_refused = true;
        submit(second);
    }
    Retry & awaited = is_refused ? second : first;
    std::unique_lock<std::mutex> lock(awaited.mutex);
    awaited.wake.wait(lock, [&] { return awaited.outcome.has_value(); });
    if (is_refused) {
        std::lock_guard<std::mutex> other(first.mutex);
        if (first.outcome || first.is_second) {
            throw std::runtime_error("a request that was refused is answered all the same");
        }
    }
    if (std::holds_alternative<clvp::Error>(*awaited.outcome)) {
        throw std::runtime_error("a request after a failed one fails too");
    }
    drawn_ = std::get<clvp::Generated>(std::move(*awaited.outcome));
}

void Job::embed() {
    scores_ = session_->score(text_, rows_).scores;
    output_ = session_->encode_speech(encoded_);
}

void Job::speak() {
    sound_ = session_->hifigan(latents_, voice_, parts_);
    mel_ = session_->diffuse(latents_, speaker_, sampling_);
    vocoded_ = session_->vocode(mel_, vocoder_options_);
    random_ = session_->random_voice(clvp::RandomVoice::diffusion, 3);
}

void Job::look() {
    info_ = clvp::inspect(model_path_);
    verification_ = clvp::verify(model_path_, verify_options_);
    differences_ = clvp::compare_tensors(model_path_, model_path_, compare_options_);
}

void Job::write() {
    clvp::Writer writer(target_, values_, tensors_, writer_options_);
    for (const clvp::NewTensor & tensor : tensors_) {
        writer.append(weights_.data(), tensor.dims[0] * tensor.dims[1] * sizeof(float), "f32");
    }
    writer.finish();
    written_ = true;
}

void Job::give_up() const {
    clvp::Writer writer(target_, values_, tensors_, writer_options_);
    writer.append(weights_.data(), weights_.size() * sizeof(float), "f32");
}

void Job::drop() {
    session_.reset();
    model_.reset();
}

uint64_t Job::digest() const {
    clvp::Hash hash;
    for (const clvp::Generated * generated : { &drawn_, &searched_ }) {
        for (const clvp::Candidate & candidate : generated->candidates) {
            add(hash, candidate.tokens);
            hash.update(&candidate.mean_logprob, sizeof candidate.mean_logprob);
        }
    }
    add(hash, scores_);
    add(hash, output_.embeds);
    add(hash, sound_);
    add(hash, mel_.data);
    add(hash, vocoded_);
    add(hash, random_);
    const uint64_t counts[] = { info_.tensors.size(), verification_.faults.size(), verification_.n_tensors, differences_.size() };
    hash.update(counts, sizeof counts);
    const std::string file = read_all(target_);
    hash.update(file.data(), file.size());
    return hash.value();
}

std::string Job::file_leftovers() const {
    if (n_entries(folder_) != 1) {
        return "a temporary file is left";
    }
    return written_ || read_all(target_) == old_content ? "" : "the old file is gone";
}

std::string Job::leftovers() const {
    if (!is_alone()) {
        return "a thread runs on";
    }
    return n_entries("/proc/self/fd") == n_descriptors_ ? file_leftovers() : "a file stays open";
}

} // namespace faults
