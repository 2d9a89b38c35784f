using System.Diagnostics;
using System.Globalization;
using OptimizerBuild.Kernels.Tests.Cases;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Kernels.Tests;

/// <summary>Kernels on several threads: the same bytes, whoever has the threads; no allocation once they are there.</summary>
public sealed class ThreadTests
{
    [Fact]
    public void Shared_steps_give_the_oracles_bytes()
    {
        Assert.NotEmpty(KernelCases.All);
        foreach (KernelCase c in KernelCases.All)
            CaseAssert.Same(c.Expected, c.Actual(w => Shared(w, c)), $"on several threads: {c}");
    }

    [Fact]
    public void Predictions_side_by_side_take_turns_with_the_threads()
    {
        KernelCase[] cases = [.. KernelCases.All.Where(c =>
            c.Product is not null || c.Sparse is not null || c.Winograd is not null
            || c.Kernel.StartsWith("Int8Depthwise", StringComparison.Ordinal))];
        Assert.NotEmpty(cases);
        Parallel.For(0, 4, _ =>
        {
            foreach (KernelCase c in cases)
                CaseAssert.Same(c.Expected, c.Actual(w => Shared(w, c)), $"side by side: {c}");
        });
    }

    [Fact]
    public void Shared_steps_allocate_nothing()
    {
        KernelCase c = KernelCases.All.First(c => c.Product is { Height: > 4 });
        Workspace w = c.Workspace();
        w.Parallelism = 2;
        w.TakesStepsAsLarge = true;
        for (int i = 0; i < 3; i++)
            Predict();
        Assert.Equal(0, Allocation.Of(() =>
        {
            for (int i = 0; i < 100; i++)
                Predict();
        }));

        void Predict()
        {
            w.EnterThreads();
            c.Run(w);
            w.LeaveThreads();
        }
    }

    /// <summary>
    /// An exception in a chunk, on whatever thread, reaches the caller when all chunks are done, and harms no later step.
    /// </summary>
    [Fact]
    public void Exceptions_reach_the_caller()
    {
        Machine.RequireProcessors();
        KernelCase c = KernelCases.All.First(c => c.Product is { Height: > 4 });
        for (int failing = 0; failing < FailingJob.Chunks; failing++)
        {
            var job = new FailingJob(failing);
            Workspace w = c.Workspace();
            w.Parallelism = 2;
            for (w.EnterThreads(); w.Threads == 1; w.EnterThreads())
                Thread.Yield();
            var e = Assert.Throws<InvalidOperationException>(() => KernelThreads.Run(job, FailingJob.Chunks));
            w.LeaveThreads();
            Assert.Equal(FailingJob.Message, e.Message);
            Assert.Equal(FailingJob.Chunks, job.Done);
            CaseAssert.Same(c.Expected, c.Actual(v => Shared(v, c)), $"after an exception in chunk {failing}: {c}");
        }
    }

    [Fact]
    public void Parallelism_is_at_least_one_and_at_most_the_processors()
    {
        Workspace w = KernelCases.All.First().Workspace();
        Assert.Equal(1, w.Parallelism);
        Assert.Throws<ArgumentOutOfRangeException>(() => w.Parallelism = 0);
        w.Parallelism = int.MaxValue;
        Assert.Equal(Math.Min(Environment.ProcessorCount, KernelThreads.Maximum), w.Parallelism);
    }

    /// <summary>Threads that were started before one could not be are used later, not started again beside themselves.</summary>
    [Fact]
    public void After_a_shortage_of_threads_there_is_one_of_each_number()
    {
        Machine.RequireLinux();
        var start = new ProcessStartInfo(
            Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
        {
            ArgumentList = { typeof(ThreadTests).Assembly.Location, "thread-shortage" },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_PROCESSOR_COUNT"] = ThreadShortage.Threads.ToString(CultureInfo.InvariantCulture);
        start.Environment["DOTNET_Thread_DefaultStackSize"] = ThreadShortage.StackBytes.ToString("x", CultureInfo.InvariantCulture);
        using Process process = Process.Start(start) ?? throw new InvalidOperationException("no child process");
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"exit code {process.ExitCode}\n{output}\n{errors.Result}");
        Assert.Equal($"failed True, then {ThreadShortage.Threads} threads, {ThreadShortage.Threads - 1} workers", output.Trim());
    }

    private static void Shared(Workspace w, KernelCase c)
    {
        w.Parallelism = 3;
        w.TakesStepsAsLarge = true;
        w.EnterThreads();
        try
        {
            c.Run(w);
        }
        finally
        {
            w.LeaveThreads();
        }
    }

    /// <summary>A step of which one chunk fails.</summary>
    private sealed class FailingJob(int failing) : KernelJob
    {
        public const int Chunks = 8;
        public const string Message = "this chunk fails";
        private int _done;

        public int Done => _done;

        public override void Run(Workspace w, int chunk, int chunks)
        {
            Interlocked.Increment(ref _done);
            Thread.SpinWait(1000);
            if (chunk == failing)
                throw new InvalidOperationException(Message);
        }
    }
}
