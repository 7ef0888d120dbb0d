// Collecting the inputs of the weight matrices does not change the results.
#include "test.h"
#include "tiny_model.h"

using namespace clvp;

namespace {

GenerateOptions few() {
    GenerateOptions options;
    options.n_candidates = 3;
    options.max_tokens = 6;
    options.seed = 5;
    return options;
}

const ColumnImportance * find(const std::vector<ColumnImportance> & list, const std::string & name) {
    for (const ColumnImportance & each : list) {
        if (each.name == name) {
            return &each;
        }
    }
    return nullptr;
}

} // namespace

TEST(importance_is_the_mean_square_of_what_enters) {
    const auto model = Model::load(tiny::write());
    Session session(model, { 1 });
    CHECK_THROWS(Code::invalid_argument, session.importance());
    session.collect_importance(true);
    CHECK(session.importance().empty());
    Rows rows;
    rows.n_rows = 2;
    rows.n_tokens = 3;
    rows.ids = { 1, 2, 3, 4, 5, 6 };
    const EncoderOutput output = session.encode_text(rows);
    const auto found = session.importance();
    const ColumnImportance * proj = find(found, "text.proj.weight"); // its input is the pooled states
    CHECK(proj && proj->n_rows == 2 && proj->mean_squares.size() == output.pooled.size() / 2);
    for (size_t i = 0; proj && i < proj->mean_squares.size(); i++) {
        const float a = output.pooled[i], b = output.pooled[i + proj->mean_squares.size()];
        CHECK_CLOSE(proj->mean_squares[i], (a * a + b * b) / 2, 1e-6);
    }
    const ColumnImportance * qkv = find(found, "text.blk.0.attn_qkv.weight");
    CHECK(qkv && qkv->n_rows == 6);
    CHECK(!find(found, "speech.proj.weight") && !find(found, "text.token_embd.weight"));
}

TEST(collecting_importance_changes_no_result) {
    const auto model = Model::load(tiny::write());
    Session watched(model, { 1 }), plain(model, { 1 });
    watched.collect_importance(true);
    const auto a = watched.generate(tiny::prompt(), few()).candidates, b = plain.generate(tiny::prompt(), few()).candidates;
    CHECK(a.size() == b.size());
    for (size_t i = 0; i < a.size(); i++) {
        CHECK(a[i].tokens == b[i].tokens && a[i].mean_logprob == b[i].mean_logprob);
    }
    const auto first = watched.importance();
    CHECK(find(first, "dec.lm_head.weight") != nullptr);
    watched.collect_importance(true); // starts from zero again
    CHECK(watched.importance().empty());
    watched.generate(tiny::prompt(), few());
    const auto second = watched.importance();
    CHECK(first.size() == second.size());
    for (size_t i = 0; i < first.size(); i++) {
        CHECK(first[i].name == second[i].name && first[i].n_rows == second[i].n_rows && first[i].mean_squares == second[i].mean_squares);
    }
    watched.collect_importance(false);
    CHECK_THROWS(Code::invalid_argument, watched.importance());
    CHECK(watched.generate(tiny::prompt(), few()).candidates.front().tokens == a.front().tokens);
}

TEST(an_abort_ends_a_job_that_is_watched) {
    Session session(Model::load(tiny::write()), { 1 });
    session.collect_importance(true);
    GenerateOptions aborted = few();
    aborted.abort = std::make_shared<std::atomic<bool>>(true);
    CHECK_THROWS(Code::aborted, session.generate(tiny::prompt(), aborted));
    CHECK(!session.generate(tiny::prompt(), few()).candidates.empty());
}

TEST(the_writer_refuses_importance_that_does_not_fit) {
    const auto write = [](std::vector<float> importance) { Writer writer("importance.gguf", {}, { { "t", "q4_0", { 32, 2 }, std::move(importance) } }); };
    write({});
    write(std::vector<float>(32, 1.0f));
    CHECK_THROWS(Code::invalid_argument, write(std::vector<float>(31, 1.0f)));
    CHECK_THROWS(Code::invalid_argument, write(std::vector<float>(64, 1.0f)));
    for (float bad : { -1.0f, INFINITY, NAN }) {
        std::vector<float> importance(32, 1.0f);
        importance[7] = bad;
        CHECK_THROWS(Code::invalid_argument, write(importance));
    }
}

TEST(files_are_compared_tensor_by_tensor) {
    const std::string exact = tiny::write("f32"), half = tiny::write("f16");
    for (const TensorDifference & each : compare_tensors(exact, exact)) {
        CHECK(each.square_error == 0 && each.max_error == 0 && each.square_a == each.square_b && each.dot == each.square_a);
    }
    const auto found = compare_tensors(exact, half);
    CHECK(found.size() == inspect(exact).tensors.size());
    for (const TensorDifference & each : found) {
        CHECK(each.type_a == "f32" && (each.type_b == "f16" ? each.square_error > 0 : each.square_error == 0));
        CHECK(each.max_error <= 1e-3);
    }
    CompareOptions options;
    options.abort = std::make_shared<std::atomic<bool>>(true);
    CHECK_THROWS(Code::aborted, compare_tensors(exact, half, options));
    const auto other = [](uint64_t n) {
        const std::string path = "shape-" + std::to_string(n) + ".gguf";
        Writer writer(path, {}, { { "t", "f32", { n }, {} } });
        const std::vector<float> data(n, 1.0f);
        writer.append(data.data(), n * sizeof(float), "f32");
        writer.finish();
        return path;
    };
    CHECK_THROWS(Code::invalid_argument, compare_tensors(other(3), other(4)));
    CHECK(compare_tensors(exact, other(3)).empty());
    CHECK_THROWS(Code::io, compare_tensors(exact, "absent.gguf"));
}
