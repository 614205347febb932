import BulkheadNetworking

/// TLS settings as text: parameters of a URL (`tls_ca_file`) and variables of an environment (`REDIS_TLS_CA_FILE`).
extension RedisTLS {
    /// A setting that text can hold.
    enum Setting: String, CaseIterable {
        case caFile = "ca_file"
        case caFolder = "ca_folder"
        case certificateFile = "cert_file"
        case keyFile = "key_file"
        case serverName = "server_name"
        case verification = "verify"
        case minimumVersion = "min_version"

        /// In a URL.
        var parameter: String { "tls_\(rawValue)" }
        /// In an environment.
        var variable: String { "REDIS_TLS_\(rawValue.uppercased())" }

        /// The setting behind the name of a parameter.
        init?(parameter: String) {
            guard parameter.hasPrefix("tls_") else { return nil }
            self.init(rawValue: String(parameter.dropFirst(4)))
        }
    }

    /// Sets one. Returns what is wrong with it, for a sentence that begins with its name; nil if nothing is.
    mutating func set(_ setting: Setting, to text: String) -> String? {
        switch setting {
        case .caFile, .caFolder, .certificateFile, .keyFile:
            if let objection = ConfigurationText.objection(toPath: text) { return objection }
        case .serverName:
            if let objection = ConfigurationText.objection(toHost: text) { return objection }
        case .verification, .minimumVersion: break
        }
        switch setting {
        case .caFile: trust = .certificates(inFile: text)
        case .caFolder: trust = .certificates(inFolder: text)
        case .certificateFile: settings.certificateFile = text
        case .keyFile: settings.keyFile = text
        case .serverName: serverName = ConfigurationText.host(text)
        case .verification:
            switch text {
            case "full": verification = .full
            case "without-name": verification = .withoutName
            case "none": verification = .none
            default: return "is none of full, without-name and none"
            }
        case .minimumVersion:
            switch text {
            case "1.2": minimumVersion = .tls12
            case "1.3": minimumVersion = .tls13
            default: return "is neither 1.2 nor 1.3"
            }
        }
        return nil
    }

    /// What contradicts itself; nil if nothing does.
    var objection: String? {
        settings.keyFile != nil && settings.certificateFile == nil
            ? "names a key for TLS and no certificate: name both" : nil
    }
}

extension RedisConfiguration {
    /// Reads the variables that concern TLS.
    mutating func readTLS(_ environment: [String: String]) throws(RedisError) {
        func refuse(_ message: String) -> RedisError { RedisError(.invalidConfiguration, message) }
        switch environment.setting("REDIS_TLS") {
        case nil: break
        case "yes": tls = tls ?? RedisTLS()
        case "no":
            if tls != nil { throw refuse("REDIS_TLS is no, and REDIS_URL asks for TLS: change one of them") }
        default: throw refuse("REDIS_TLS is neither yes nor no")
        }
        let passphrase = environment.setting(Self.passphraseVariable)
        let settings = RedisTLS.Setting.allCases.filter { environment.setting($0.variable) != nil }
        guard var tls else {
            let names = settings.map(\.variable) + (passphrase == nil ? [] : [Self.passphraseVariable])
            guard let name = names.first else { return }
            throw refuse("\(name) is set without TLS: begin REDIS_URL with rediss://, or set REDIS_TLS to yes")
        }
        if settings.contains(.caFile), settings.contains(.caFolder) {
            throw refuse("REDIS_TLS_CA_FILE and REDIS_TLS_CA_FOLDER are both set: keep one of them")
        }
        for setting in settings {
            if let objection = tls.set(setting, to: environment.setting(setting.variable) ?? "") {
                throw refuse("\(setting.variable) \(objection)")
            }
        }
        if let passphrase { tls.settings.passphrase = passphrase }
        if let objection = tls.objection { throw refuse("the environment \(objection)") }
        self.tls = tls
    }

    private static let passphraseVariable = "REDIS_TLS_KEY_PASSPHRASE"
}
