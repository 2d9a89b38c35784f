using System.Diagnostics;
using System.Globalization;

namespace OptimizerBuild.Fuzz.Running;

/// <summary>How many inputs ended in which way.</summary>
/// <param name="Tried">All inputs.</param>
/// <param name="Valid">Those that gave a result.</param>
/// <param name="Refused">Those that were refused with a code.</param>
/// <param name="Failed">Those that failed.</param>
internal sealed record FuzzCounts(int Tried, int Valid, int Refused, int Failed)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"tried {Tried}, valid {Valid}, refused by code {Refused}, failed {Failed}");
}

/// <summary>
/// Damages inputs at random and runs them. An input that ends in a way not seen before, or that runs code that none before it ran, joins
/// those from which others are made. The same seed and number of inputs give the same run, coverage and failures by time aside.
/// </summary>
/// <param name="target">The format.</param>
/// <param name="seed">The seed.</param>
/// <param name="coverage">What code has run; null where that is not known.</param>
/// <param name="failures">Takes failing inputs.</param>
internal sealed class FuzzRun(FuzzTarget target, int seed, CodeCoverage? coverage, FailureFolder failures)
{
    private const int MostKept = 5000;

    // Threads that hang stay behind and slow down the others.
    private const int MostHanging = 2;

    private readonly Random _random = new(seed);
    private readonly List<byte[]> _inputs = [];
    private readonly List<byte[]> _validInputs = [];
    private readonly Dictionary<string, byte[]> _shapes = new(StringComparer.Ordinal);
    private int _tried;
    private int _valid;
    private int _refused;
    private int _failed;
    private int _hanging;

    /// <summary>The smallest input of each shape of verdict.</summary>
    public IReadOnlyDictionary<string, byte[]> Shapes => _shapes;

    /// <summary>The numbers so far.</summary>
    public FuzzCounts Counts => new(_tried, _valid, _refused, _failed);

    /// <summary>How many inputs others are made from.</summary>
    public int Kept => _inputs.Count;

    /// <summary>Runs inputs as they are and keeps them as those to begin with.</summary>
    public void Begin(IEnumerable<byte[]> inputs, TimeSpan? most = null)
    {
        var time = Stopwatch.StartNew();
        foreach (byte[] input in inputs)
        {
            if (input.Length > target.LongestInput)
                continue;
            if (time.Elapsed > most)
                _inputs.Add(input);
            else
                Try(input, isSeed: true);
        }
    }

    /// <summary>Damages and runs inputs until the time is over or enough were tried.</summary>
    /// <param name="time">The time; null for no limit.</param>
    /// <param name="cases">The number of inputs; null for no limit.</param>
    /// <param name="progress">Called now and then.</param>
    public void Run(TimeSpan? time, int? cases, Action? progress = null)
    {
        var clock = Stopwatch.StartNew();
        TimeSpan next = TimeSpan.FromMinutes(1);
        for (int i = 0; (cases is null || i < cases) && (time is null || clock.Elapsed < time) && _hanging < MostHanging; i++)
        {
            // What comes from refused inputs is mostly refused for the same reason; late arrivals are near what was found last.
            List<byte[]> parents = _validInputs.Count > 0 && _random.Next(4) > 0 ? _validInputs : _inputs;
            int from = _random.Next(3) == 0 ? Math.Max(0, parents.Count - 50) : 0;
            byte[] input = parents[_random.Next(from, parents.Count)];
            for (int damage = 1 << Math.Max(0, _random.Next(-1, 3)); damage > 0; damage--)
                input = target.Mutate(input, _inputs, _random);
            if (input.Length <= target.LongestInput)
                Try(input);
            if (clock.Elapsed <= next)
                continue;
            progress?.Invoke();
            next = clock.Elapsed + TimeSpan.FromMinutes(1);
        }
    }

    private void Try(byte[] input, bool isSeed = false)
    {
        _tried++;
        failures.Begin(input);
        coverage?.Clear();
        CaseResult result = CaseRunner.Run(target, input);
        failures.End();
        if (result.Verdict is not { } verdict)
        {
            _failed++;
            _hanging += result.HasEnded ? 0 : 1;
            failures.Add(input, result, seed);
            return;
        }
        if (verdict.IsValid)
            _valid++;
        else
            _refused++;
        bool isNew = coverage?.HasNew() ?? false;
        isNew |= isSeed;
        if (!_shapes.TryGetValue(verdict.Shape, out byte[]? known) || known.Length > input.Length)
        {
            isNew |= known is null;
            _shapes[verdict.Shape] = input;
        }
        if (!isNew || _inputs.Count >= MostKept)
            return;
        _inputs.Add(input);
        if (verdict.IsValid)
            _validInputs.Add(input);
    }
}
