import Glibc
import Processes
import Testing

/// Tests leave no process behind.
@Suite struct ChildProcessTests {
    @Test(.timeLimit(.minutes(1))) func `a program ends when nothing refers to it any more`()
        async throws
    {
        let folder = try TestFolder()
        let id = try ChildProcess(program: "/bin/sleep", ["600"], log: folder.log).id
        while kill(id, 0) == 0 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(errno == ESRCH)
    }

    @Test(.timeLimit(.minutes(1))) func `a program ends with the one that started it`() async throws
    {
        let folder = try TestFolder()
        let parent = try ChildProcess(
            program: "/bin/sh",
            [
                "-c",
                // It prints its number once it is certain to end with its parent.
                "/usr/bin/setpriv --pdeathsig KILL -- /bin/sh -c 'echo $$; exec sleep 600' & wait",
            ],
            log: folder.log
        )
        let line = try #require(parent.readLine())
        let id = try #require(pid_t(line))
        parent.send(SIGKILL)
        _ = await parent.ended()
        while kill(id, 0) == 0 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(errno == ESRCH)
    }

    @Test func `a program ends although a thread of the tests blocks the signal`()
        async throws
    {
        let folder = try TestFolder()
        var (all, before) = (sigset_t(), sigset_t())
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, &before)
        let sleeper = Result { try ChildProcess(program: "/bin/sleep", ["600"], log: folder.log) }
        pthread_sigmask(SIG_SETMASK, &before, nil)
        try sleeper.get().send(SIGTERM)
        #expect(await (try sleeper.get()).ended() == .killed(by: SIGTERM))
    }
}
