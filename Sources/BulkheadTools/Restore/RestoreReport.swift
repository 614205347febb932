/// What became of the keys of a file: `found = restored + skipped + expired + failed + untried`.
struct RestoreReport: Sendable, Encodable {
    /// Keys of the file that were to be restored.
    var found = 0
    var restored = 0
    /// Left as they are in the database, as ordered.
    var skipped = 0
    /// Over by the server's clock: not created.
    var expired = 0
    var failed = 0
    /// Names that the database had before. Where they are to be replaced or skipped, nobody looks beforehand.
    var conflicts = 0
    var functions = 0
    /// Bytes of data that modules keep in the file beside the keys, by type: none is restored.
    var moduleData: [String: Int] = [:]
    /// Notes of a migration in the file; none is restored.
    var notes = 0
    /// What kept keys from being restored.
    var remarks = KeyRemarks()
    /// Why it ended early, in words; absent if it did not.
    var stopped: String?
    /// The connection was lost while keys were sent, so that some may or may not have been restored.
    var isAmbiguous = false

    var untried: Int { found - restored - skipped - expired - failed }

    private enum CodingKeys: String, CodingKey {
        case found, restored, skipped, expired, failed, untried, conflicts, functions, remarks, stopped
        case moduleData = "module_data"
        case notes = "migration_notes"
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        for (key, count) in [
            (CodingKeys.found, found), (.restored, restored), (.skipped, skipped), (.expired, expired),
            (.failed, failed), (.untried, untried), (.conflicts, conflicts), (.functions, functions),
        ] {
            try values.encode(count, forKey: key)
        }
        if !moduleData.isEmpty { try values.encode(moduleData, forKey: .moduleData) }
        if notes > 0 { try values.encode(notes, forKey: .notes) }
        try values.encode(remarks, forKey: .remarks)
        try values.encodeIfPresent(stopped, forKey: .stopped)
    }
}
