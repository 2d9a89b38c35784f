namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.ExceptionServices;
using global::System.Threading;

/// <summary>
/// The threads that predictors share for their large steps. One prediction has them at a time; a prediction that finds them taken runs on
/// its own thread alone, with the same results.
/// </summary>
/// <remarks>
/// A step lasts microseconds, so handing one out must cost less than that: while a prediction has the threads they wait in a loop, and for
/// a short time after it. Chunks are taken one by one by compare-and-swap of a word that holds the step's number and the chunks left, so
/// that a thread that is late can never take a chunk of another step.
/// </remarks>
internal static class KernelThreads
{
    /// <summary>The most threads of one prediction.</summary>
    public const int Maximum = 64;

    /// <summary>Turns of a waiting thread's loop before it lets others have the processor, of about 10 ns each.</summary>
    private const int TurnsBeforeYield = 2000;

    /// <summary>Turns after a prediction's end before a thread goes to sleep.</summary>
    private const int TurnsBeforeSleep = 4000;

    private static readonly object _gate = new object();
    private static Worker[] _workers = [];
    private static int _taken;
    private static int _limit;
    private static Workspace? _owner;
    private static KernelJob? _job;
    private static int _chunks;
    private static int _completed;
    private static Exception? _failure;

    // The number of the step in the upper half, the chunks left in the lower.
    private static long _state;

    /// <summary>Takes the threads for a prediction.</summary>
    /// <param name="owner">The prediction's workspace.</param>
    /// <param name="threads">How many threads it wants to run on, its own included.</param>
    /// <returns>Whether it has them; then <see cref="Leave"/> has to follow.</returns>
    public static bool TryEnter(Workspace owner, int threads)
    {
        if (threads < 2 || OperatingSystem.IsBrowser() || Interlocked.CompareExchange(ref _taken, 1, 0) != 0)
            return false;
        try
        {
            Start(threads - 1);
        }
        catch
        {
            Volatile.Write(ref _taken, 0);
            throw;
        }

        _owner = owner;
        Volatile.Write(ref _limit, threads);
        Interlocked.MemoryBarrier();
        Worker[] workers = _workers;
        for (int i = 0; i < threads - 1; i++)
            workers[i].Wake();
        return true;
    }

    /// <summary>Gives the threads back.</summary>
    public static void Leave()
    {
        Volatile.Write(ref _limit, 0);
        _job = null;
        _owner = null;
        Volatile.Write(ref _taken, 0);
    }

    /// <summary>
    /// Carries out a step, chunk by chunk, on the threads that the prediction has and the caller's. An exception in a chunk (for want of
    /// memory) is thrown here, when no thread is at work on the step any more.
    /// </summary>
    public static void Run(KernelJob job, int chunks)
    {
        _job = job;
        _chunks = chunks;
        _completed = 0;
        long next = ((_state >> 32) + 1) << 32;
        Volatile.Write(ref _state, next | (uint)chunks);
        while (TakeChunk(0))
        {
        }

        for (int turn = 1; Volatile.Read(ref _completed) != chunks; turn++)
            Wait(turn);
        if (_failure is { } failure)
        {
            _failure = null;
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    /// <summary>Carries out one chunk of the current step, if there is one left.</summary>
    /// <param name="thread">The thread's number: 0 for the one that predicts.</param>
    private static bool TakeChunk(int thread)
    {
        while (true)
        {
            long state = Volatile.Read(ref _state);
            int left = (int)(state & 0xFFFFFFFF);
            if (left == 0)
                return false;

            // Read before the exchange: when it succeeds, the step is still the one that the state names, and so are these.
            KernelJob? job = _job;
            Workspace? owner = _owner;
            int chunks = _chunks;
            if (job is null || owner is null || thread >= owner.Threads)
                return false;
            if (Interlocked.CompareExchange(ref _state, state - 1, state) != state)
                continue;
            try
            {
                job.Run(owner.View(thread), chunks - left, chunks);
            }
            catch (Exception failure)
            {
                Interlocked.CompareExchange(ref _failure, failure, null);
            }

            Interlocked.Increment(ref _completed);
            return true;
        }
    }

    private static void Wait(int turn)
    {
        if (turn % TurnsBeforeYield == 0)
            Thread.Yield();
        else
            Thread.SpinWait(1);
    }

    private static void Start(int workers)
    {
        if (_workers.Length >= workers)
            return;
        lock (_gate)
        {
            // Each is known before the next one is made: where the system has no more threads, those that run already must not be made
            // once more, since two of one number would share a view of the workspace.
            for (int i = _workers.Length; i < workers; i++)
            {
                var all = new Worker[i + 1];
                Array.Copy(_workers, all, i);
                all[i] = new Worker(i + 1);
                _workers = all;
            }
        }
    }

    /// <summary>One thread. Its number, from 1, is that of its view of the workspace.</summary>
    private sealed class Worker
    {
        private readonly int _number;
        private readonly AutoResetEvent _event = new AutoResetEvent(false);
        private int _asleep;

        public Worker(int number)
        {
            _number = number;
            var thread = new Thread(Loop) { IsBackground = true, Name = "OptimizerBuild kernels" };
            thread.Start();
        }

        /// <summary>Wakes the thread if it sleeps.</summary>
        public void Wake()
        {
            if (Interlocked.Exchange(ref _asleep, 0) != 0)
                _event.Set();
        }

        private void Loop()
        {
            while (true)
            {
                int idle = 0;
                for (int turn = 1; idle < TurnsBeforeSleep; turn++)
                {
                    if (Volatile.Read(ref _limit) <= _number)
                    {
                        idle++;
                        Wait(turn);
                        continue;
                    }

                    idle = 0;
                    if (!TakeChunk(_number))
                        Wait(turn);
                }

                Volatile.Write(ref _asleep, 1);
                Interlocked.MemoryBarrier();

                // Whoever entered in the meantime may have seen the thread awake.
                if (Volatile.Read(ref _limit) <= _number)
                    _event.WaitOne();
                Volatile.Write(ref _asleep, 0);
            }
        }
    }
}
