namespace OptimizerBuild.Operators.Gradients;

/// <summary>Something that a node keeps between its steps and that holds memory worth counting.</summary>
internal interface IHoldsBuffers
{
    /// <summary>The bytes that it holds.</summary>
    long Bytes { get; }
}
