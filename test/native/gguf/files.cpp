// Only regular files are read, and header and data come from the same file.
#include "gguf/gguf_reader.h"
#include "test.h"
#include "tiny_model.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#ifndef _WIN32
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#endif

using namespace clvp;
namespace fs = std::filesystem;

namespace {

struct Folder {
    fs::path path;

    Folder() : path(fs::temp_directory_path() / ("clvp-files-" + std::to_string(std::random_device()()))) { fs::create_directory(path); }
    ~Folder() { fs::remove_all(path); }
    std::string file(const char * name) const { return (path / name).string(); }
};

/// True if the path is rejected with a message that names its kind.
bool refuses(const std::string & path, const char * kind) {
    try {
        inspect(path);
    } catch (const Error & error) {
        return error.code == Code::io && strstr(error.what(), kind) && strstr(error.what(), path.c_str());
    }
    return false;
}

/// Writes a tiny model with another name, stored in its header, and another logit scale, stored in its data.
void write_variant(const std::string & path, const char * name, float scale) {
    std::ifstream in(tiny::write(), std::ios::binary);
    std::string bytes{ std::istreambuf_iterator<char>(in), {} };
    const size_t at = bytes.find("general.name") + strlen("general.name") + sizeof(uint32_t) + sizeof(uint64_t);
    bytes.replace(at, strlen(name), name);
    for (const GgufTensor & tensor : read_gguf(File::open("tiny-f32.gguf")).tensors) {
        if (tensor.name == "logit_scale") {
            memcpy(&bytes[tensor.offset], &scale, sizeof scale);
        }
    }
    std::ofstream(path, std::ios::binary) << bytes;
}

} // namespace

TEST(files_that_are_not_regular_are_refused) {
    const Folder folder;
    CHECK(refuses(folder.path.string(), "a folder"));
#ifndef _WIN32
    const std::string fifo = folder.file("fifo"), hanging = folder.file("hanging"), link = folder.file("link");
    CHECK(mkfifo(fifo.c_str(), 0600) == 0);
    CHECK(refuses(fifo, "a FIFO")); // without waiting for a writer
    CHECK(refuses("/dev/zero", "a character device"));
    fs::create_symlink(folder.file("nothing"), hanging);
    CHECK(refuses(hanging, "a link that leads to nothing"));
    fs::create_symlink("/dev/zero", link);
    CHECK(refuses(link, "a character device"));

    const std::string path = folder.file("socket");
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(fd >= 0 && bind(fd, reinterpret_cast<const sockaddr *>(&address), sizeof address) == 0);
    CHECK(refuses(path, "a socket"));
    close(fd);
#endif
}

#ifndef _WIN32 // on Windows an open file cannot be replaced
TEST(header_and_data_are_those_of_one_file) {
    const Folder folder;
    const std::string model = folder.file("model.gguf");
    write_variant(folder.file("one"), "one!", 1);
    write_variant(folder.file("two"), "two!", 2);
    write_variant(model, "one!", 1);
    std::atomic<bool> done{ false };
    std::thread swapping([&] {
        for (bool one = false; !done; one = !one) {
            fs::remove(folder.file("next"));
            fs::create_hard_link(folder.file(one ? "one" : "two"), folder.file("next"));
            fs::rename(folder.file("next"), model);
        }
    });
    int n_one = 0, n_two = 0, n_mixed = 0;
    for (int i = 0; i < 400; i++) {
        ModelOptions options;
        options.map = i % 2 == 1;
        const std::shared_ptr<const Model> loaded = Model::load(model, options);
        const bool one = std::get<std::string>(loaded->values().at("general.name")) == "one!";
        n_mixed += loaded->params().logit_scale == (one ? 1.0f : 2.0f) ? 0 : 1;
        (one ? n_one : n_two)++;
    }
    done = true;
    swapping.join();
    test::note("%d loads of the one file, %d of the other", n_one, n_two);
    CHECK(n_mixed == 0);
    CHECK(n_one > 0 && n_two > 0);
}
#endif
