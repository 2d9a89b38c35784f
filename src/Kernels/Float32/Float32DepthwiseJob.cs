namespace OptimizerBuild.Kernels;

using global::System;

/// <summary>A <see cref="Float32Depthwise"/> convolution on several threads, by positions.</summary>
internal sealed class Float32DepthwiseJob : Float32MapJob
{
    private int _weights;
    private int _bias;
    private int _channels;
    private float _minimum;
    private float _maximum;

    /// <summary>Carries out a convolution on the prediction's threads, if it is large enough.</summary>
    /// <returns>Whether it has been carried out.</returns>
    public static bool TryRun(
        Workspace w, int input, int weights, int bias, int output, int channels, float minimum, float maximum,
        ReadOnlySpan<int> positions, ReadOnlySpan<int> inputSteps, ReadOnlySpan<int> outputSteps, ReadOnlySpan<int> taps)
    {
        if (!IsWorthwhile(w, positions, (long)channels * taps.Length))
            return false;
        Float32DepthwiseJob job = w.Job<Float32DepthwiseJob>();
        job.Input = input;
        job.Output = output;
        job._weights = weights;
        job._bias = bias;
        job._channels = channels;
        job._minimum = minimum;
        job._maximum = maximum;
        job.Share(w, positions, inputSteps, outputSteps, taps);
        return true;
    }

    /// <inheritdoc/>
    protected override void Run(
        Workspace w, int input, int output, ReadOnlySpan<int> positions, ReadOnlySpan<int> inputSteps, ReadOnlySpan<int> outputSteps,
        ReadOnlySpan<int> taps) =>
        Float32Depthwise.RunPart(
            w, input, _weights, _bias, output, _channels, _minimum, _maximum, positions, inputSteps, outputSteps, taps);
}
