import Bulkhead
import BulkheadConsole

extension Flag {
    static let pace = Flag(
        "pace", .text("PACE", .words(["gentle", "considerate", "full"])),
        "gentle, considerate (default), full, or the server's time per step, such as 200us")
}

extension Arguments {
    /// What `--pace` says, or nil without it; throws a wrong call for a word that is no pace.
    func pace() throws(ProgramFailure) -> RedisPace? {
        guard let text = text(of: .pace) else { return nil }
        guard let pace = RedisPace(text) else {
            throw refused("--pace takes gentle, considerate, full or a time such as 200us, not '\(text)'")
        }
        return pace
    }
}
