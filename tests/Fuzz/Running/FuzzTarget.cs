using OptimizerBuild.Diagnostics;

namespace OptimizerBuild.Fuzz.Running;

/// <summary>What became of an input that was treated as it must be.</summary>
/// <param name="IsValid">Whether it gave a result; otherwise it was refused with a code.</param>
/// <param name="Shape">
/// What kind of result or refusal it was, without names and numbers: an input with a shape not seen before is worth keeping.
/// </param>
internal readonly record struct Verdict(bool IsValid, string Shape)
{
    /// <summary>A refusal by a code and the words of its message.</summary>
    public static Verdict Refused(ModelException error) =>
        new(false, string.Join(' ', error.Diagnostics.Select(d => d.Descriptor.Code + " " + MessageShape.Of(d.Text)).Distinct().Take(3)));
}

/// <summary>An input was not treated as it must be.</summary>
/// <param name="message">What was wrong.</param>
internal sealed class ContractException(string message) : Exception(message);

/// <summary>A format of input that the build reads, with what must hold whatever the input is.</summary>
/// <param name="name">The format's name on the command line.</param>
/// <param name="extension">How the names of its files end.</param>
internal abstract class FuzzTarget(string name, string extension) : IDisposable
{
    /// <summary>The format's name on the command line.</summary>
    public string Name => name;

    /// <summary>How the names of its files end, with a dot.</summary>
    public string Extension => extension;

    /// <summary>For how long the process may run for one input, its threads together.</summary>
    public virtual TimeSpan Deadline => TimeSpan.FromSeconds(20);

    /// <summary>How much memory one input may take, in bytes.</summary>
    public virtual long MostBytes => 256 << 20;

    /// <summary>Larger inputs are not tried.</summary>
    public virtual int LongestInput => 1 << 16;

    /// <summary>Inputs to begin with, beside those of the corpus.</summary>
    public abstract IEnumerable<byte[]> Seeds();

    /// <summary>Further inputs to begin with, from the development set where it is there.</summary>
    public virtual IEnumerable<byte[]> MoreSeeds() => [];

    /// <summary>A damaged copy of an input.</summary>
    /// <param name="input">The input.</param>
    /// <param name="others">Inputs from which parts may be taken.</param>
    /// <param name="random">What decides.</param>
    public abstract byte[] Mutate(byte[] input, IReadOnlyList<byte[]> others, Random random);

    /// <summary>
    /// Treats an input as the build would, and checks what must hold. What is done follows from the input alone.
    /// </summary>
    /// <exception cref="ModelException">The input was refused, as it may be.</exception>
    /// <exception cref="ContractException">Something does not hold; so does any other exception say.</exception>
    public abstract Verdict Check(byte[] input, CancellationToken cancellation);

    /// <inheritdoc/>
    public virtual void Dispose()
    {
    }

    /// <summary>Numbers that follow from an input.</summary>
    protected static Random RandomOf(byte[] input) => new(InputHash.Of(input));
}
