namespace OptimizerBuild.Kernels;

using global::System;

/// <summary>A <see cref="Float32SparseConvolution"/> on several threads, by positions.</summary>
internal sealed class Float32SparseConvolutionJob : Float32MapJob
{
    private int _weights;
    private int _columns;
    private int _starts;
    private int _bias;
    private int _groups;
    private int _groupOutputs;
    private int _groupInputs;
    private float _minimum;
    private float _maximum;

    /// <summary>Carries out a convolution on the prediction's threads, if it is large enough.</summary>
    /// <returns>Whether it has been carried out.</returns>
    public static bool TryRun(
        Workspace w, int input, int weights, int columns, int starts, int bias, int output, int groups, int groupOutputs, int groupInputs,
        float minimum, float maximum, ReadOnlySpan<int> positions, ReadOnlySpan<int> inputSteps, ReadOnlySpan<int> outputSteps,
        ReadOnlySpan<int> taps)
    {
        if (!IsWorthwhile(w, positions, Float32SparseConvolution.Weights(w, starts, groups, groupOutputs, taps.Length)))
            return false;
        Float32SparseConvolutionJob job = w.Job<Float32SparseConvolutionJob>();
        job.Input = input;
        job.Output = output;
        job._weights = weights;
        job._columns = columns;
        job._starts = starts;
        job._bias = bias;
        job._groups = groups;
        job._groupOutputs = groupOutputs;
        job._groupInputs = groupInputs;
        job._minimum = minimum;
        job._maximum = maximum;
        job.Share(w, positions, inputSteps, outputSteps, taps);
        return true;
    }

    /// <inheritdoc/>
    protected override void Run(
        Workspace w, int input, int output, ReadOnlySpan<int> positions, ReadOnlySpan<int> inputSteps, ReadOnlySpan<int> outputSteps,
        ReadOnlySpan<int> taps) =>
        Float32SparseConvolution.RunPart(
            w, input, _weights, _columns, _starts, _bias, output, _groups, _groupOutputs, _groupInputs, _minimum, _maximum, positions,
            inputSteps, outputSteps, taps);
}
