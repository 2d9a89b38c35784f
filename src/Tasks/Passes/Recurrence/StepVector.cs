using System.Collections.Immutable;
using OptimizerBuild.Operators.Recurrent;

namespace OptimizerBuild.Passes.Recurrence;

/// <summary>A vector that one trip of a loop computes for each sequence of a batch, as an expression of what the trip reads.</summary>
internal abstract class StepVector(int size)
{
    /// <summary>The number of elements.</summary>
    public int Size => size;

    /// <summary>The terms and the constants that add up to a vector: itself, if it is no sum.</summary>
    public virtual (ImmutableArray<StepTerm> Terms, float[] Bias) Parts => ([new(this, null, 0, 1)], new float[Size]);

    /// <summary>Some neighbouring elements.</summary>
    public virtual StepVector? Rows(int from, int count) =>
        from == 0 && count == Size ? this : StepSum.Of([new(this, null, from, 1)], new float[count]);
}

/// <summary>What a trip reads: a state, or the slice of its step of a tensor from around the loop.</summary>
/// <param name="size">The number of elements.</param>
/// <param name="number">Which carried value it is; negative for slices.</param>
internal sealed class StepInput(int size, int number) : StepVector(size)
{
    /// <summary>Which carried value it is; negative for slices.</summary>
    public int Number => number;
}

/// <summary>A function of each element.</summary>
internal sealed class StepFunction(RecurrentFunction function, StepVector argument) : StepVector(argument.Size)
{
    /// <summary>The function.</summary>
    public RecurrentFunction Function => function;

    /// <summary>What it is a function of.</summary>
    public StepVector Argument => argument;

    /// <inheritdoc/>
    public override StepVector? Rows(int from, int count) =>
        argument.Rows(from, count) is { } rows ? rows == argument ? this : new StepFunction(function, rows) : null;
}

/// <summary>The products of the elements of two vectors.</summary>
internal sealed class StepProduct(StepVector first, StepVector second) : StepVector(first.Size)
{
    /// <summary>The first factor.</summary>
    public StepVector First => first;

    /// <summary>The second factor.</summary>
    public StepVector Second => second;

    /// <summary>The other factor of one; null where it is none.</summary>
    public StepVector? Other(StepVector factor) => factor == first ? second : factor == second ? first : null;

    /// <inheritdoc/>
    public override StepVector? Rows(int from, int count) => from == 0 && count == Size ? this
        : first.Rows(from, count) is { } a && second.Rows(from, count) is { } b ? new StepProduct(a, b) : null;
}

/// <summary>Vectors one behind the other; only products with matrices read them, and who takes one back out.</summary>
internal sealed class StepConcat(ImmutableArray<StepVector> parts) : StepVector(parts.Sum(p => p.Size))
{
    /// <summary>The vectors.</summary>
    public ImmutableArray<StepVector> Vectors => parts;

    /// <inheritdoc/>
    public override StepVector? Rows(int from, int count)
    {
        foreach (StepVector part in parts)
        {
            if (from + count <= part.Size)
                return part.Rows(from, count);
            if (from < part.Size)
                return null;
            from -= part.Size;
        }
        return null;
    }
}

/// <summary>A summand: a vector times a matrix, or elements of it as they are.</summary>
/// <param name="Source">The vector.</param>
/// <param name="Matrix">The matrix, one row for each element of the sum; null where elements are taken as they are.</param>
/// <param name="From">The first element that is taken as it is.</param>
/// <param name="Sign">1 or −1, by which elements taken as they are are multiplied.</param>
internal readonly record struct StepTerm(StepVector Source, float[]? Matrix, int From, float Sign)
{
    /// <summary>Whether it is the whole vector as it is.</summary>
    public bool IsWhole(int size, float sign) => Matrix is null && From == 0 && Source.Size == size && Sign == sign;

    /// <summary>The matrix, also where elements are taken as they are.</summary>
    public float[] Dense(int size)
    {
        if (Matrix is not null)
            return Matrix;
        var dense = new float[size * Source.Size];
        for (int i = 0; i < size; i++)
            dense[(i * Source.Size) + From + i] = Sign;
        return dense;
    }
}

/// <summary>A sum of vectors, products with matrices, and constants.</summary>
internal sealed class StepSum : StepVector
{
    private readonly ImmutableArray<StepTerm> _terms;
    private readonly float[] _bias;

    private StepSum(ImmutableArray<StepTerm> terms, float[] bias)
        : base(bias.Length) => (_terms, _bias) = (terms, bias);

    /// <inheritdoc/>
    public override (ImmutableArray<StepTerm> Terms, float[] Bias) Parts => (_terms, _bias);

    /// <summary>A sum, or what it consists of where that is one vector as it is.</summary>
    public static StepVector Of(ImmutableArray<StepTerm> terms, float[] bias) =>
        terms is [var only] && only.IsWhole(bias.Length, 1) && Array.TrueForAll(bias, b => b == 0) ? only.Source : new StepSum(terms, bias);

    /// <summary>The sum of two vectors, the second one multiplied by 1 or −1.</summary>
    public static StepVector Of(StepVector first, StepVector second, float sign)
    {
        (ImmutableArray<StepTerm> terms, float[] bias) = first.Parts;
        (ImmutableArray<StepTerm> others, float[] otherBias) = second.Parts;
        return Of([.. terms, .. others.Select(t => t with
        {
            Sign = t.Sign * sign,
            Matrix = t.Matrix is { } m && sign < 0 ? Array.ConvertAll(m, v => -v) : t.Matrix,
        })], [.. bias.Zip(otherBias, (a, b) => a + (sign * b))]);
    }

    /// <inheritdoc/>
    public override StepVector? Rows(int from, int count) => from == 0 && count == Size ? this : Of(
        [.. _terms.Select(t => t.Matrix is { } m
            ? t with { Matrix = m[(from * t.Source.Size)..((from + count) * t.Source.Size)] } : t with { From = t.From + from })],
        _bias[from..(from + count)]);
}
