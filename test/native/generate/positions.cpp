// How positions are counted: what the model file says, what a call asks for, and the latents of drawn codes.
#include "clvp.h"

#include "test.h"
#include "tiny_model.h"

#include <algorithm>
#include <cmath>

using namespace clvp;

namespace {

GenerateOptions greedy(Positions positions, uint32_t max_tokens = 12) {
    GenerateOptions o;
    o.n_candidates = 1;
    o.max_tokens = max_tokens;
    o.sampling.temperature = 0;
    o.positions = positions;
    return o;
}

std::vector<int32_t> drawn(Session & session, Positions positions) {
    const Candidate candidate = session.generate(tiny::prompt(), greedy(positions)).candidates.front();
    std::vector<int32_t> codes = candidate.tokens;
    if (candidate.finish == Finish::stop) {
        codes.push_back(candidate.stop);
    }
    return codes;
}

std::string written_with(const std::string & positions) { return tiny::write("f32", {}, tiny::n_layer, positions); }

float largest_difference(const std::vector<float> & a, const std::vector<float> & b) {
    float largest = a.size() == b.size() ? 0.0f : INFINITY;
    for (size_t i = 0; i < std::min(a.size(), b.size()); i++) {
        largest = std::max(largest, std::fabs(a[i] - b[i]));
    }
    return largest;
}

} // namespace

TEST(the_file_says_how_positions_are_counted) {
    for (const auto & [name, positions] :
         { std::pair("trained", Positions::trained), std::pair("cached", Positions::cached), std::pair("transformers", Positions::transformers) }) {
        const auto model = Model::load(written_with(name));
        CHECK(model->params().positions == positions);
        Session session(model);
        CHECK(drawn(session, Positions::model) == drawn(session, positions));
    }
    CHECK(Model::load(tiny::write())->params().positions == Positions::trained); // a file without the key
    CHECK_THROWS(Code::unsupported, Model::load(written_with("learnt")));
}

TEST(each_way_to_count_positions_gives_other_logits) {
    Session session(Model::load(tiny::write()));
    const std::vector<int32_t> codes = { 5, 6, 7 };
    const auto trained = session.step_logits(tiny::prompt(), codes, Positions::trained);
    const auto cached = session.step_logits(tiny::prompt(), codes, Positions::cached);
    const auto transformers = session.step_logits(tiny::prompt(), codes, Positions::transformers);
    const std::vector<float> trained_first(trained.begin(), trained.begin() + tiny::n_vocab), cached_first(cached.begin(), cached.begin() + tiny::n_vocab);
    CHECK(trained_first == cached_first); // they differ from the first code on
    CHECK(largest_difference(trained, cached) > 1e-4f);
    CHECK(largest_difference(cached, transformers) > 1e-4f);
}

TEST(trained_positions_have_room_for_one_more_token) {
    Session session(Model::load(tiny::write()));
    CHECK_THROWS(Code::invalid_argument, session.generate(tiny::prompt(), greedy(Positions::cached, 80)));
    CHECK(session.generate(tiny::prompt(), greedy(Positions::trained, 80)).candidates.size() == 1);
    CHECK_THROWS(Code::invalid_argument, session.generate(tiny::prompt(), greedy(Positions::trained, 81)));
}

TEST(latents_depend_on_earlier_codes_only) {
    Session session(Model::load(tiny::write()));
    const std::vector<int32_t> codes = { 5, 6, 7, 8, 9 }, others = { 5, 6, 7, 80, 90 };
    const auto a = session.latents(tiny::prompt(), codes), b = session.latents(tiny::prompt(), others);
    CHECK(a.size() == codes.size() * tiny::n_embd);
    const size_t n_same = 4 * tiny::n_embd; // the fourth code is predicted from the three before it
    CHECK(largest_difference({ a.begin(), a.begin() + n_same }, { b.begin(), b.begin() + n_same }) < 1e-5f);
    CHECK(largest_difference(a, b) > 1e-3f);
    const auto first = session.latents(tiny::prompt(), { 5 });
    CHECK(largest_difference({ a.begin(), a.begin() + tiny::n_embd }, first) < 1e-5f);
}

TEST(latents_refuse_codes_that_do_not_fit) {
    Session session(Model::load(tiny::write()));
    CHECK_THROWS(Code::invalid_argument, session.latents(tiny::prompt(), {}));
    CHECK_THROWS(Code::invalid_argument, session.latents(tiny::prompt(), { static_cast<int32_t>(tiny::n_vocab) }));
    CHECK_THROWS(Code::invalid_argument, session.latents(tiny::prompt(), std::vector<int32_t>(81, 5)));
    CHECK(session.latents(tiny::prompt(), std::vector<int32_t>(80, 5)).size() == 80 * tiny::n_embd);
}
