// The calls from latents to sound: equal parts, equal threads, refusals, aborts.
#include "../tiny_speech.h"

#include "test.h"

#include <algorithm>

using namespace clvp;

namespace {

std::shared_ptr<const Model> speaking(const ModelOptions & options = {}) {
    static const std::string path = tiny::write_speech();
    return Model::load(path, options);
}

SoundParts parts(uint32_t first, uint32_t last, bool is_end) {
    SoundParts p;
    p.first = first;
    p.last = last;
    p.is_end = is_end;
    return p;
}

DiffusionSampling few_steps(const std::string & sampler = "p") {
    DiffusionSampling options;
    options.n_steps = 4;
    options.sampler = sampler;
    options.seed = 5;
    return options;
}

} // namespace

TEST(parts_of_a_sound_do_not_depend_on_what_follows) {
    Session session(speaking());
    const uint32_t n = 70, n_parts = session.hifigan_parts(n, true);
    CHECK(n_parts == (sound_frames(n) + 63) / 64);
    const std::vector<float> whole = session.hifigan(tiny::latents(n), tiny::voice(), parts(0, n_parts, true));
    CHECK(whole.size() == size_t(sound_frames(n)) * tiny::n_hop);
    for (uint32_t known = 1; known <= n; known += 3) {
        const uint32_t last = session.hifigan_parts(known, false);
        CHECK(last <= n_parts);
        if (last > 0) {
            const std::vector<float> begun = session.hifigan(tiny::latents(known), tiny::voice(), parts(last - 1, last, false));
            CHECK(std::equal(begun.begin(), begun.end(), whole.begin() + static_cast<ptrdiff_t>(size_t(last - 1) * 64 * tiny::n_hop)));
        }
    }
    CHECK(session.hifigan_parts(0, false) == 0);
    CHECK(session.hifigan_parts(n, false) > 0);
}

TEST(sound_is_the_same_for_any_number_of_threads) {
    const auto model = speaking();
    Session one(model, { 1, "auto" }), three(model, { 3, "auto" });
    for (const char * sampler : { "p", "ddim", "dpm++2m" }) {
        CHECK(one.diffuse(tiny::latents(9), tiny::speaker(), few_steps(sampler)).data ==
              three.diffuse(tiny::latents(9), tiny::speaker(), few_steps(sampler)).data);
    }
    const uint32_t n_parts = one.hifigan_parts(30, true);
    CHECK(one.hifigan(tiny::latents(30), tiny::voice(), parts(0, n_parts, true)) == three.hifigan(tiny::latents(30), tiny::voice(), parts(0, n_parts, true)));
    const Mel mel = { tiny::n_mels, 120, std::vector<float>(size_t(120) * tiny::n_mels, -3.0f) };
    CHECK(one.vocode(mel) == three.vocode(mel));
    CHECK(one.random_voice(RandomVoice::decoder, 4) == three.random_voice(RandomVoice::decoder, 4));
}

TEST(sound_does_not_depend_on_the_layout_of_weights) {
    ModelOptions mapped; // weights as in the file: products by GGML
    mapped.map = true;
    Session panels(speaking()), plain(speaking(mapped));
    const auto differ = [](const std::vector<float> & a, const std::vector<float> & b) {
        double most = a.size() == b.size() ? 0 : 1e9;
        for (size_t i = 0; i < a.size() && i < b.size(); i++) {
            most = std::max(most, std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
        }
        return most;
    };
    CHECK_CLOSE(differ(panels.diffuse(tiny::latents(9), tiny::speaker(), few_steps()).data, plain.diffuse(tiny::latents(9), tiny::speaker(), few_steps()).data),
                0, 1e-3);
    const uint32_t n_parts = panels.hifigan_parts(20, true);
    CHECK_CLOSE(differ(panels.hifigan(tiny::latents(20), tiny::voice(), parts(0, n_parts, true)),
                       plain.hifigan(tiny::latents(20), tiny::voice(), parts(0, n_parts, true))),
                0, 1e-5);
}

TEST(the_stages_refuse_what_does_not_fit) {
    Session session(speaking());
    CHECK_THROWS(Code::invalid_argument, session.hifigan(tiny::latents(3), tiny::voice(), parts(0, 2, true)));
    CHECK_THROWS(Code::invalid_argument, session.hifigan(tiny::latents(3), std::vector<float>(3), parts(0, 1, true)));
    CHECK_THROWS(Code::invalid_argument, session.hifigan(std::vector<float>(5), tiny::voice(), parts(0, 1, true)));
    CHECK_THROWS(Code::invalid_argument, session.diffuse(tiny::latents(3), std::vector<float>(3), few_steps()));
    CHECK_THROWS(Code::invalid_argument, session.diffuse(tiny::latents(3), tiny::speaker(), few_steps("euler")));
    CHECK_THROWS(Code::invalid_argument, session.vocode(Mel{ 3, 4, std::vector<float>(12) }));
    CHECK_THROWS(Code::invalid_argument, session.condition_speech({}));
    Session silent(Model::load(tiny::write()));
    CHECK_THROWS(Code::unsupported, silent.hifigan(tiny::latents(3), tiny::voice(), parts(0, 1, true)));
    CHECK_THROWS(Code::unsupported, silent.diffuse(tiny::latents(3), tiny::speaker(), few_steps()));
    CHECK_THROWS(Code::unsupported, silent.random_voice(RandomVoice::decoder, 1));
    CHECK(silent.hifigan_parts(10, true) == 0);
}

TEST(an_abort_ends_a_sample_between_its_steps) {
    Session session(speaking());
    DiffusionSampling options = few_steps();
    options.n_steps = 4000;
    options.abort = std::make_shared<std::atomic<bool>>(false);
    int n = 0;
    options.progress = [&](double) { options.abort->store(++n == 3); };
    CHECK_THROWS(Code::aborted, session.diffuse(tiny::latents(3), tiny::speaker(), options));
    CHECK(n < 6);
}

TEST(guidance_begins_where_it_is_told) {
    Session session(speaking());
    for (const char * sampler : { "p", "ddim", "dpm++2m" }) {
        DiffusionSampling options = few_steps(sampler);
        options.n_steps = 4;
        const auto sample = [&](float guidance, float from) {
            options.guidance = guidance;
            options.guidance_from = from;
            return session.diffuse(tiny::latents(5), tiny::speaker(), options).data;
        };
        const std::vector<float> all = sample(2, 0), half = sample(2, 0.5f), none = sample(2, 1);
        CHECK(none == sample(0, 0));
        CHECK(all != half && half != none);
    }
    DiffusionSampling options = few_steps();
    options.guidance_from = 1.5f;
    CHECK_THROWS(Code::invalid_argument, session.diffuse(tiny::latents(3), tiny::speaker(), options));
}

TEST(given_noise_is_used_in_place_of_the_seeds) {
    Session session(speaking());
    const size_t n_frames = sound_frames(5), size = n_frames * tiny::n_mels;
    DiffusionSampling options = few_steps("ddim");
    const Mel by_seed = session.diffuse(tiny::latents(5), tiny::speaker(), options);
    options.noise.assign(size, 0.5f);
    const Mel by_noise = session.diffuse(tiny::latents(5), tiny::speaker(), options);
    CHECK(by_noise.data != by_seed.data);
    options.seed = 6;
    CHECK(session.diffuse(tiny::latents(5), tiny::speaker(), options).data == by_noise.data);
    options.noise.pop_back();
    CHECK_THROWS(Code::invalid_argument, session.diffuse(tiny::latents(5), tiny::speaker(), options));
}
