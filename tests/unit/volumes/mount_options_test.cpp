#include "volumes/mount_options.hpp"

#include <catch2/catch.hpp>
#include <sys/mount.h>

#include "support/error.hpp"

using namespace stack;
using namespace stack::volumes;

TEST_CASE("words of mount(8) become flags, the others stay data", "[volumes][mount_options]") {
    const auto options = parse_mount_options("ro,noexec,size=64m,mode=1777");
    CHECK(options.flags == (MS_RDONLY | MS_NOEXEC));
    CHECK(options.data == "size=64m,mode=1777");
}

TEST_CASE("a later word takes an earlier one back", "[volumes][mount_options]") {
    CHECK(parse_mount_options("ro,rw").flags == 0);
    CHECK(parse_mount_options("nosuid,suid,nodev").flags == MS_NODEV);
}

TEST_CASE("nothing said about propagation is rprivate", "[volumes][mount_options]") {
    CHECK(propagation_flags("") == (MS_PRIVATE | MS_REC));
    CHECK(propagation_flags("rslave") == (MS_SLAVE | MS_REC));
    CHECK_THROWS_AS(propagation_flags("sometimes"), Error);
}

TEST_CASE("the kernel gets the number of an NFS server", "[volumes][mount_options]") {
    CHECK(nfs_options(":/export", "addr=192.0.2.7,nfsvers=4") == "addr=192.0.2.7,nfsvers=4");
    CHECK(nfs_options(":/export", "nfsvers=4,addr=fd00::7") == "nfsvers=4,addr=fd00::7");
    CHECK(nfs_options("192.0.2.7:/export", "nfsvers=4") == "nfsvers=4,addr=192.0.2.7");
    CHECK(nfs_options("[fd00::7]:/export", "") == "addr=fd00::7");
    CHECK(nfs_options("192.0.2.8:/export", "addr=192.0.2.7") == "addr=192.0.2.7");
    CHECK(nfs_options(":/export", "") == "");
    const std::string local = nfs_options(":/export", "addr=localhost");
    CHECK((local == "addr=127.0.0.1" || local == "addr=::1"));
    CHECK_THROWS_AS(nfs_options(":/export", "addr=no-such-host.invalid"), Error);
}
