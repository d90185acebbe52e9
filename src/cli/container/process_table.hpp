#pragma once

#include <string>
#include <vector>

#include "cli/table.hpp"
#include "engine/runtime/processes.hpp"

namespace stack::cli {

/// The processes of a container in the columns that words for ps(1) ask for: nothing or "-ef" (UID PID PPID C STIME TTY
/// TIME CMD), "aux", "-o COLUMN,…" (pid, ppid, user, uid, pcpu, pmem, vsz, rss, tty, stat, nice, nlwp, start, time,
/// comm, args …). Throws UsageError for words and columns that are not among them.
class ProcessTable {
public:
    explicit ProcessTable(const std::vector<std::string>& ps_words);
    const std::vector<std::string>& titles() const { return titles_; }
    std::vector<std::string> cells(const runtime::ProcessRow& row) const;
    Table table(const std::vector<runtime::ProcessRow>& rows) const;

private:
    void take_columns(const std::string& list);
    std::vector<std::string> names_, titles_;
};

}  // namespace stack::cli
