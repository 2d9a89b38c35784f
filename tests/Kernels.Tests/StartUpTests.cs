using OptimizerBuild.Testing;

namespace OptimizerBuild.Kernels.Tests;

/// <summary>When the fast code is compiled, and by whom: once, from the second prediction on, in the background.</summary>
public sealed class StartUpTests
{
    private const long Little = 1000;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public void The_first_prediction_starts_nothing()
    {
        int runs = 0;
        var start = new StartUp(() => runs++, Little);
        Assert.False(start.IsOver);
        Assert.True(start.Continues());
        Assert.False(start.IsOver);
        Assert.Equal(0, runs);
    }

    [Fact]
    public void Scalar_code_is_for_small_models_only()
    {
        Assert.Equal(!Int8StartUpVectors.IsSupported, new StartUp(() => { }, 50_000_000).IsOver);
        Assert.False(new StartUp(() => { }, 30_000_000).IsOver);
    }

    [Fact]
    public void The_second_one_starts_a_thread_and_all_stay_in_small_code_until_it_is_done()
    {
        Machine.RequireProcessors();
        using var mayEnd = new ManualResetEventSlim();
        int runs = 0;
        bool isBackground = false;
        int caller = Environment.CurrentManagedThreadId;
        int thread = caller;
        var start = new StartUp(() =>
        {
            Interlocked.Increment(ref runs);
            isBackground = Thread.CurrentThread.IsBackground;
            thread = Environment.CurrentManagedThreadId;
            mayEnd.Wait(Patience);
        }, Little);
        for (int i = 0; i < 10; i++)
            Assert.True(start.Continues());
        mayEnd.Set();
        Assert.True(SpinWait.SpinUntil(() => start.IsOver, Patience));
        Assert.False(start.Continues());
        Assert.Equal(1, runs);
        Assert.True(isBackground);
        Assert.NotEqual(caller, thread);
    }

    [Fact]
    public void Many_threads_at_once_start_one()
    {
        Machine.RequireProcessors();
        int runs = 0;
        var start = new StartUp(() => Interlocked.Increment(ref runs), Little);
        Parallel.For(0, 1000, _ => start.Continues());
        Assert.True(SpinWait.SpinUntil(() => start.IsOver, Patience));
        Assert.False(start.Continues());
        Assert.Equal(1, runs);
    }

    [Fact]
    public void An_exception_ends_the_start_and_nothing_else()
    {
        var start = new StartUp(() => throw new InvalidOperationException("in the background"), Little);
        Assert.True(start.Continues());
        start.Continues();
        Assert.True(SpinWait.SpinUntil(() => start.IsOver, Patience));
        Assert.False(start.Continues());
    }

    [Fact]
    public void Whoever_has_compiled_everything_ends_the_start()
    {
        int runs = 0;
        var start = new StartUp(() => runs++, Little);
        start.Continues();
        start.End();
        Assert.True(start.IsOver);
        Assert.False(start.Continues());
        Assert.Equal(0, runs);
    }
}
