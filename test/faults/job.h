// The work that faults are to disturb: a small model loaded, drawn from, ranked with and looked through, and a file written.
#pragma once

#include "clvp.h"

#include <atomic>
#include <optional>

namespace faults {

enum class Step { load, map, session, draw, draw_again, embed, speak, look, write, give_up, drop };

const char * step_name(Step step);

/// All that it needs is there before it runs, so that every allocation of run() is the core's own.
class Job {
public:
    /// `model` is a tiny one (tiny_model.h); files are written in `folder`, where an old one is in the way.
    Job(std::vector<Step> steps, const std::string & model, const std::string & folder);

    /// Loads the model beforehand, so that faults strike the work with it.
    void load() { take(Step::load); }
    /// Does the steps in turn, and says in `at` which one. What an earlier run has made and not dropped is used again.
    void run(std::atomic<Step> & at);
    /// Of all results: equal runs have equal ones.
    uint64_t digest() const;
    /// What of a try's files should not be there: a temporary one, or half of the one that is written. Empty if all is well.
    std::string file_leftovers() const;
    /// The same of all, when the work has been dropped: threads, open files.
    std::string leftovers() const;
    void drop();

private:
    void take(Step step);
    void draw();
    void draw_again();
    void embed();
    void speak();
    void look();
    void write();
    void give_up() const;

    const std::vector<Step> steps_;
    const std::string model_path_, folder_, target_;
    const clvp::ModelOptions plain_;
    clvp::ModelOptions mapped_;
    const clvp::SessionOptions session_options_;
    clvp::Prompt prompt_;
    clvp::GenerateOptions draw_options_;
    clvp::Request request_;
    clvp::BeamOptions beam_options_;
    std::vector<int32_t> text_;
    std::vector<std::vector<int32_t>> rows_;
    clvp::Rows encoded_;
    clvp::Values values_;
    std::vector<clvp::NewTensor> tensors_;
    std::vector<float> weights_;
    clvp::VerifyOptions verify_options_;
    const clvp::CompareOptions compare_options_;
    const clvp::WriterOptions writer_options_;
    std::vector<float> latents_, voice_, speaker_;
    clvp::SoundParts parts_;
    clvp::DiffusionSampling sampling_;
    const clvp::VocoderOptions vocoder_options_;
    size_t n_descriptors_ = 0; // before the work

    std::shared_ptr<const clvp::Model> model_;
    std::optional<clvp::Session> session_;
    clvp::Generated drawn_, searched_;
    std::vector<float> scores_, sound_, vocoded_, random_;
    clvp::Mel mel_;
    clvp::EncoderOutput output_;
    clvp::FileInfo info_;
    clvp::Verification verification_;
    std::vector<clvp::TensorDifference> differences_;
    bool written_ = false;
};

} // namespace faults
