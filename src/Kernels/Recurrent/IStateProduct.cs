namespace OptimizerBuild.Kernels;

/// <summary>The product of a recurrent layer's weights with its state, by the type of the weights.</summary>
internal interface IStateProduct
{
    /// <summary>Bytes of scratch memory that a product with a state of so many elements needs, a multiple of 64.</summary>
    static abstract int ScratchBytes(int size);

    /// <summary>sums = start + weights · state.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="first">The first row of the weights: 0 or, where they are stored in two parts, the first one of the second
    /// part.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="state">The state.</param>
    /// <param name="start">What the products are added to; vectors may be read beyond its end.</param>
    /// <param name="sums">The sums; up to 15 more values may be written behind them.</param>
    /// <param name="scratch">The scratch memory.</param>
    void Add(Workspace w, int first, int rows, ref float state, ref float start, ref float sums, ref byte scratch);
}
