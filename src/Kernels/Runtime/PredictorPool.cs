namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Threading;

/// <summary>
/// Predictors for any number of threads: each is lent to one thread at a time. There are as many as threads have asked for at once, up to a
/// limit; who comes when all are lent waits for one. Lending allocates nothing, but for a predictor that is made.
/// </summary>
/// <typeparam name="T">The predictor's class.</typeparam>
internal sealed class PredictorPool<T>
    where T : class
{
    private readonly object _gate = new object();
    private readonly Func<T> _make;

    // Those that nobody has. The one that came back last is lent first: its memory is in the caches.
    private readonly T?[] _idle;
    private int _idleCount;
    private int _made;

    /// <summary>A pool without predictors.</summary>
    /// <param name="capacity">How many predictors there may be.</param>
    /// <param name="make">Makes one.</param>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public PredictorPool(int capacity, Func<T> make)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _idle = new T?[capacity];
        _make = make;
    }

    /// <summary>A predictor that nobody else has; it must be given back.</summary>
    public T Rent()
    {
        lock (_gate)
        {
            while (_idleCount == 0 && _made == _idle.Length)
                Monitor.Wait(_gate);
            if (_idleCount > 0)
            {
                _idleCount--;
                T idle = _idle[_idleCount]!;
                _idle[_idleCount] = null;
                return idle;
            }

            _made++;
        }

        try
        {
            return _make();
        }
        catch
        {
            // Whoever waits makes one instead.
            lock (_gate)
            {
                _made--;
                Monitor.Pulse(_gate);
            }

            throw;
        }
    }

    /// <summary>Gives a predictor back.</summary>
    public void Return(T predictor)
    {
        lock (_gate)
        {
            _idle[_idleCount] = predictor;
            _idleCount++;
            Monitor.Pulse(_gate);
        }
    }
}
