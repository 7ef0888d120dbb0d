// The codebook: valid tensors, the frames of codes, and rejected input.
#include "test.h"
#include "tiny_model.h"

#include <chrono>
#include <thread>

using namespace clvp;

namespace {

constexpr uint32_t n_row = frames_per_code * 80;

std::shared_ptr<const Model> with_codebook(std::vector<uint64_t> dims, const std::string & type = "f32") {
    return Model::load(tiny::write("f32", { { "codebook.weight", type, std::move(dims) } }));
}

/// A model whose codebook has `level` in the last frame of its last code.
std::shared_ptr<const Model> with_level(float level) {
    const std::string path = tiny::write("f32", { { "codebook.weight", "f32", { n_row, 3 } } });
    std::FILE * file = std::fopen(path.c_str(), "r+b");
    std::fseek(file, -static_cast<long>(sizeof level), SEEK_END); // the last tensor; its bytes are a multiple of the alignment
    std::fwrite(&level, sizeof level, 1, file);
    std::fclose(file);
    return Model::load(path);
}

} // namespace

TEST(codes_give_the_codebooks_frames_in_time_order) {
    for (const char * type : { "f32", "f16" }) {
        const auto model = with_codebook({ n_row, 5 }, type);
        CHECK(model->params().n_codebook == 5);
        const Mel mel = Session(model).codes_to_mel({ 4, 0, 4 });
        CHECK(mel.n_mels == 80 && mel.n_frames == 3 * frames_per_code && mel.data.size() == 80u * mel.n_frames);
        const uint64_t key = tiny::tensors("f32").size() + 1; // the key with which tiny::write() fills the last tensor
        const double scale = 1.7 / std::sqrt(static_cast<double>(n_row));
        for (uint32_t frame = 0; frame < mel.n_frames; frame++) {
            const uint32_t code = frame / 4 == 1 ? 0 : 4;
            for (uint32_t m = 0; m < 80; m++) {
                const double expected = scale * (2 * uniform(key, code * n_row + frame % 4 * 80 + m) - 1);
                CHECK_CLOSE(mel.data[m * mel.n_frames + frame], expected, std::string(type) == "f32" ? 1e-7 : 1e-4);
            }
        }
    }
}

TEST(a_preview_has_a_codes_length_and_is_the_same_again) {
    Session session(with_codebook({ n_row, 5 }));
    const Audio one = session.preview({ 1, 2, 3 }, { 5 }), two = session.preview({ 1, 2, 3 }, { 5 });
    CHECK(one.sample_rate == 22050 && one.samples.size() == 3 * 1024);
    CHECK(one.samples == two.samples);
    CHECK(session.preview({ 1, 2, 4 }, { 5 }).samples != one.samples);
    CHECK(session.preview({ 1, 2, 3 }, { 6 }).samples != one.samples);
}

TEST(a_model_without_a_codebook_has_no_preview) {
    const auto model = Model::load(tiny::write());
    CHECK(model->params().n_codebook == 0);
    Session session(model);
    CHECK_THROWS(Code::unsupported, session.codes_to_mel({ 1 }));
    CHECK_THROWS(Code::unsupported, session.preview({ 1 }));
}

TEST(codes_that_the_codebook_lacks_are_refused) {
    Session session(with_codebook({ n_row, 5 }));
    CHECK_THROWS(Code::invalid_argument, session.codes_to_mel({}));
    CHECK_THROWS(Code::invalid_argument, session.codes_to_mel({ 5 }));
    CHECK_THROWS(Code::invalid_argument, session.codes_to_mel({ 1, -1 }));
    CHECK_THROWS(Code::invalid_argument, session.preview(std::vector<int32_t>(4097, 1)));
    CHECK_THROWS(Code::invalid_argument, session.preview({ 1 }, { 0 }));
    CHECK_THROWS(Code::invalid_argument, session.preview({ 1 }, { 1001 }));
    CHECK(session.codes_to_mel(std::vector<int32_t>(4096, 1)).n_frames == 4 * 4096);
}

TEST(an_abort_ends_a_preview) {
    Session session(with_codebook({ n_row, 5 }));
    CHECK_THROWS(Code::aborted, session.preview({ 1, 2, 3 }, {}, std::make_shared<std::atomic<bool>>(true)));
    CHECK(session.preview({ 1 }, { 1 }).samples.size() == 1024);
}

TEST(tensors_that_are_no_codebook_are_refused) {
    CHECK(with_codebook({ n_row, tiny::n_speech })->params().n_codebook == tiny::n_speech);
    CHECK_THROWS(Code::model_format, with_codebook({ n_row, tiny::n_speech + 1 }));
    CHECK_THROWS(Code::model_format, with_codebook({ n_row - 1, 5 }));
    CHECK_THROWS(Code::model_format, with_codebook({ 80 * 3, 5 }));
    CHECK_THROWS(Code::model_format, with_codebook({ 80 * 8, 5 }));
    CHECK_THROWS(Code::model_format, with_codebook({ n_row }));
    CHECK_THROWS(Code::model_format, with_codebook({ n_row, 5, 2 }));
    CHECK_THROWS(Code::model_format, with_codebook({ n_row, 5 }, "bf16"));
    CHECK_THROWS(Code::model_format, with_codebook({ n_row, 5 }, "q8_0"));
}

TEST(levels_that_no_sound_has_are_refused) {
    CHECK_CLOSE(Session(with_level(-11.5f)).codes_to_mel({ 2 }).data.back(), -11.5, 0);
    for (const float level : { NAN, INFINITY, -INFINITY, 81.0f, -81.0f }) {
        CHECK_THROWS(Code::model_format, with_level(level));
    }
}

TEST(encoding_with_a_codebook_stops_in_the_midst) {
    Session session(with_codebook({ n_row, 120 }));
    const std::vector<float> samples(1024 * 4000, 0.1f);
    const auto abort = std::make_shared<std::atomic<bool>>(false);
    std::thread stopper([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20)); // the features alone take longer
        abort->store(true);
    });
    CHECK_THROWS(Code::aborted, session.encode_audio(samples, abort));
    stopper.join();
    CHECK(session.encode_audio(std::vector<float>(2048, 0.1f)).size() == 2);
}
