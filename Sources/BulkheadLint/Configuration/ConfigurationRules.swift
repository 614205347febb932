/// What bypasses names in configuration: numbers in URLs and settings, and calls of redis-cli.
struct ConfigurationRules {
    private let bytes: [UInt8]
    private let depth: Int
    private(set) var sightings: [Sighting] = []
    private(set) var comments: [SourceComment]

    init(_ bytes: [UInt8], _ range: Range<Int>? = nil, as language: LintLanguage, depth: Int = 0) {
        self.bytes = bytes
        self.depth = depth
        let text = ConfigurationReader(bytes, range, as: language)
        comments = text.comments
        for (index, setting) in text.settings.enumerated() {
            sightings += URLNumbers.sightings(in: setting.value, of: bytes)
            sightings += SettingName.defaults(in: setting.value, of: bytes)
            readNumber(setting)
            if index > 0 { readPair(text.settings[index - 1], setting) }
            readCommands(setting, behind: text.settings[(index + 1)...])
        }
    }

    private func text(_ setting: Setting) -> String { String(decoding: bytes[setting.value], as: UTF8.self) }

    /// `REDIS_DB: 3`, and `- REDIS_DB=3` in a list.
    private mutating func readNumber(_ setting: Setting) {
        guard setting.value.count <= 256 else { return }
        let text = text(setting)
        let what =
            setting.list == nil
            ? SettingName.numberSetting(setting.key, text, isUnderRedis: setting.isUnderRedis)
            : SettingName.numberSetting(in: text)
        if let what { sightings.append(Sighting(.databaseNumber, at: setting.value.lowerBound, what)) }
    }

    /// `- name: REDIS_DB` and `value: "3"` behind it.
    private mutating func readPair(_ name: Setting, _ value: Setting) {
        guard name.key == "name" || name.key == "key", value.key == "value", value.value.count <= 256 else { return }
        let key = text(name)
        guard SettingName.isName(key), let what = SettingName.numberSetting(key, text(value), isUnderRedis: false)
        else { return }
        sightings.append(Sighting(.databaseNumber, at: value.value.lowerBound, what))
    }

    private mutating func readCommands(_ setting: Setting, behind rest: ArraySlice<Setting>) {
        guard depth < ShellTokens.deepest, mentionsProgram(bytes, setting.value) else { return }
        if let list = setting.list, RedisWords.isShell(text(setting)) {
            // `["redis-cli", "-n", "3"]`
            let words = rest.prefix(RedisCLICall.mostWords).prefix { $0.list == list }
                .map { ShellWord(text: text($0), range: $0.value) }
            sightings += RedisCLICall(words, at: setting.value.lowerBound).sightings
            return
        }
        let rules = ShellRules(bytes, setting.value, depth: depth)
        sightings += rules.sightings.filter { !$0.isURL }
        comments += rules.comments
    }
}
