// The reference's rule for fixing codes, row by row.
#include "test.h"

#include "clvp.h"

using namespace clvp;

static Params params() {
    Params p;
    p.decoder.eos = 99;
    p.decoder.fixing_codes = { 83, 45, 45, 24 };
    return p;
}

static Candidate candidate(std::vector<int32_t> tokens, Finish finish) {
    Candidate c;
    c.tokens = std::move(tokens);
    c.finish = finish;
    return c;
}

using CodeRows = std::vector<std::vector<int32_t>>;

TEST(a_stop_overwrites_the_last_three_codes) {
    CHECK(fix_codes({ candidate({ 1, 2, 3, 4, 5 }, Finish::stop) }, params()) == (CodeRows{ { 1, 2, 3, 45, 45, 24 } }));
}

TEST(a_row_without_a_stop_stays_as_it_is) { CHECK(fix_codes({ candidate({ 1, 2, 3, 4, 5 }, Finish::length) }, params()) == (CodeRows{ { 1, 2, 3, 4, 5 } })); }

TEST(rows_are_padded_to_the_longest) {
    const auto rows = fix_codes({ candidate({ 1, 2 }, Finish::stop), candidate({ 1, 2, 3, 4, 5, 6, 7 }, Finish::length) }, params());
    CHECK(rows == (CodeRows{ { 1, 2, 83, 83, 45, 45, 24 }, { 1, 2, 3, 4, 5, 6, 7 } }));
}

TEST(padding_gives_a_long_row_a_stop) {
    CHECK(fix_codes({ candidate({ 1, 2, 3 }, Finish::length) }, params(), 8) == (CodeRows{ { 1, 2, 3, 83, 83, 45, 45, 24 } }));
}

TEST(short_rows_keep_the_last_fixing_codes) {
    CHECK(fix_codes({ candidate({}, Finish::stop) }, params()) == (CodeRows{ { 24 } }));
    CHECK(fix_codes({ candidate({ 7 }, Finish::stop) }, params()) == (CodeRows{ { 45, 24 } }));
}
