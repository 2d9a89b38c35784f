namespace OptimizerBuild.Kernels;

using global::System;

/// <summary>A <see cref="Float32NarrowConvolution"/> on several threads, by positions.</summary>
internal sealed class Float32NarrowConvolutionJob : Float32MapJob
{
    private int _weights;
    private int _bias;
    private int _outputs;
    private int _run;
    private float _minimum;
    private float _maximum;

    /// <summary>Carries out a convolution on the prediction's threads, if it is large enough.</summary>
    /// <returns>Whether it has been carried out.</returns>
    public static bool TryRun(
        Workspace w, int input, int weights, int bias, int output, int outputs, int run, float minimum, float maximum,
        ReadOnlySpan<int> positions, ReadOnlySpan<int> inputSteps, ReadOnlySpan<int> outputSteps, ReadOnlySpan<int> taps)
    {
        if (!IsWorthwhile(w, positions, (long)outputs * run * taps.Length))
            return false;
        Float32NarrowConvolutionJob job = w.Job<Float32NarrowConvolutionJob>();
        job.Input = input;
        job.Output = output;
        job._weights = weights;
        job._bias = bias;
        job._outputs = outputs;
        job._run = run;
        job._minimum = minimum;
        job._maximum = maximum;
        job.Share(w, positions, inputSteps, outputSteps, taps);
        return true;
    }

    /// <inheritdoc/>
    protected override void Run(
        Workspace w, int input, int output, ReadOnlySpan<int> positions, ReadOnlySpan<int> inputSteps, ReadOnlySpan<int> outputSteps,
        ReadOnlySpan<int> taps) =>
        Float32NarrowConvolution.RunPart(
            w, input, _weights, _bias, output, _outputs, _run, _minimum, _maximum, positions, inputSteps, outputSteps, taps);
}
