/// What bypasses names in configuration: numbers in URLs and settings, and calls of redis-cli.
struct ConfigurationRules {
    private let bytes: [UInt8]
    private(set) var sightings: [Sighting] = []
    private(set) var comments: [SourceComment]

    init(_ bytes: [UInt8], as language: LintLanguage) {
        self.bytes = bytes
        let text = ConfigurationText(bytes, as: language)
        comments = text.comments
        for (index, setting) in text.settings.enumerated() {
            readURLs(of: setting)
            readNumber(setting)
            readCommands(setting, behind: text.settings[(index + 1)...])
        }
    }

    private func text(_ setting: Setting) -> String { String(decoding: bytes[setting.value], as: UTF8.self) }

    private mutating func readURLs(of setting: Setting) {
        guard setting.value.count > 6 else { return }
        for number in URLNumbers.find(in: bytes[setting.value]) {
            sightings.append(Sighting(.databaseNumber, at: setting.value.lowerBound + number.offset, number.what))
        }
    }

    /// `REDIS_DB: 3`, and `- REDIS_DB=3` in a list.
    private mutating func readNumber(_ setting: Setting) {
        guard setting.value.count <= 256 else { return }
        let text = text(setting)
        let what = setting.list == nil
            ? SettingName.numberSetting(setting.key, text, isUnderRedis: setting.isUnderRedis)
            : SettingName.numberSetting(in: text)
        if let what { sightings.append(Sighting(.databaseNumber, at: setting.value.lowerBound, what)) }
    }

    private mutating func readCommands(_ setting: Setting, behind rest: ArraySlice<Setting>) {
        guard mentionsShell(setting.value) else { return }
        if let list = setting.list, RedisWords.isShell(text(setting)) {
            // `["redis-cli", "-n", "3"]`
            let words = rest.prefix(RedisCLICall.mostWords).prefix { $0.list == list }.map { ShellWord(text: text($0), range: $0.value) }
            sightings += RedisCLICall(words, at: setting.value.lowerBound).sightings
            return
        }
        let rules = ShellRules(bytes, setting.value)
        // URLs have been found as such.
        sightings += rules.sightings.filter { !$0.what.hasPrefix("the URL") }
        comments += rules.comments
    }

    private func mentionsShell(_ range: Range<Int>) -> Bool {
        guard range.count >= 9 else { return false }
        var cursor = ByteCursor(bytes, range)
        while !cursor.isAtEnd {
            if cursor.isAt("redis-cli") || cursor.isAt("valkey-cli") { return true }
            cursor.advance()
        }
        return false
    }
}
