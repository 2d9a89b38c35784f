namespace OptimizerBuild.Operators;

/// <summary>The trait of an operator that makes one element of many: pools and reductions.</summary>
internal interface IReduction
{
    /// <summary>The greatest number of elements that one element is made of.</summary>
    long Terms(OperatorContext context);
}

/// <summary>The trait of a reduction over whole axes.</summary>
internal interface IAxisReduction : IReduction
{
    /// <summary>The method of the kernels <c>Float32Reduce</c> and <c>NumericReduce</c> that computes it.</summary>
    string KernelMethod { get; }

    /// <summary>Whether the sum is divided by the number of its terms.</summary>
    bool IsMean => false;

    /// <summary>The axes that are reduced, ascending.</summary>
    /// <exception cref="Diagnostics.ModelException">They depend on run-time data or lie outside the input's rank.</exception>
    int[] ReducedAxes(OperatorContext context);

    /// <inheritdoc/>
    long IReduction.Terms(OperatorContext context) =>
        ReducedAxes(context).Aggregate(1L, (product, axis) => product * context.Type(0).Dimensions[axis]);
}
