#include "engine/client.hpp"

int main(int argc, char** argv) {
    return stack::engine::run_if_supervisor(argc, argv).value_or(2);
}
