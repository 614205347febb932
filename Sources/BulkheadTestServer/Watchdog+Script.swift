extension Watchdog {
    /// The shell that guards one server. Its parameters: the private folder, the server's program, and then the
    /// server's whole command line, none of which is ever read as shell.
    ///
    /// Its standard input and output are one socket, whose other end only the owner holds. Each line the owner sends
    /// is a command, answered by one line. The end of input means that the owner is done or dead, however it died.
    /// The shell is the server's parent, so the number it signals cannot have become another process's.
    ///
    /// `alive` is a FIFO that only the server holds open for writing: its reader sees the end when the server ends.
    static let script = """
        folder=$1 binary=$2
        shift 2
        server=
        trap '' HUP INT QUIT TERM PIPE
        umask 077

        leave() {
            if [ -n "$server" ]; then
                kill -s KILL "$server"
                wait "$server"
            fi
            # A child of the server that saves its data may still be writing here.
            tries=0
            until rm -rf "$folder" || [ "$tries" -ge 50 ]; do
                tries=$((tries + 1))
                sleep 0.1
            done
            # Whatever else the server's command started; and this shell, which leads their group.
            kill -s KILL -- "-$$"
        }

        if ! problem=$(mkdir "$folder" 2>&1); then
            printf '%s\\n' "$problem"
            exit 1
        fi
        trap leave EXIT
        echo made

        while read -r word; do
            case $word in
            start)
                # For reading too: without, this would wait for an owner who may be gone.
                exec 3<>"$folder/alive"
                (trap - HUP INT QUIT TERM PIPE EXIT; exec "$@") </dev/null >>"$folder/log" 2>&1 &
                server=$!
                exec 3>&-
                echo "$server"
                ;;
            TERM)
                # The whole group, in case the server is a child of its launch prefix; this shell ignores it.
                kill -s TERM -- "-$$"
                echo sent
                ;;
            KILL | STOP | CONT)
                kill -s "$word" "$server"
                echo sent
                ;;
            ended)
                wait "$server"
                echo "$?"
                server=
                ;;
            version)
                printf '%s\\n' "$("$binary" --version </dev/null | head -n 1)"
                ;;
            esac
        done
        """
}
