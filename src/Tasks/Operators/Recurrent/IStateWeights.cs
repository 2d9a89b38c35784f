namespace OptimizerBuild.Operators.Recurrent;

/// <summary>The weights that a recurrent layer multiplies its state with, in the arithmetic of whoever evaluates it.</summary>
internal interface IStateWeights
{
    /// <summary>Adds the products of some rows with a state to sums.</summary>
    /// <param name="direction">The direction.</param>
    /// <param name="first">The first row; there are gates · size of them.</param>
    /// <param name="state">The state.</param>
    /// <param name="sums">One sum for each of as many rows.</param>
    void Add(int direction, int first, ReadOnlySpan<float> state, Span<float> sums);
}
