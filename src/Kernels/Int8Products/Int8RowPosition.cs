namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// Walks over the output pixels of an image in order and writes down where each one's inputs and outputs begin, so that all panels of
/// channels can share the addresses of a block of rows.
/// </summary>
internal struct Int8RowPosition
{
    private int _inputRow;
    private int _outputRow;
    private int _input;
    private int _output;
    private int _pixel;

    /// <summary>The first pixel of an image.</summary>
    public Int8RowPosition(in Int8Product product, int image)
    {
        unchecked
        {
            _inputRow = product.Input + (image * product.InputImageStride);
            _outputRow = product.Output + (image * product.OutputImageStride);
            _input = _inputRow;
            _output = _outputRow;
            _pixel = 0;
        }
    }

    /// <summary>Goes on a number of pixels.</summary>
    public void Skip(in Int8Product product, int pixels)
    {
        unchecked
        {
            int passed = _pixel + pixels;
            int rows = passed / product.Width;
            _pixel = passed - (rows * product.Width);
            _inputRow += rows * product.InputRowStep;
            _outputRow += rows * product.OutputRowStride;
            _input = _inputRow + (_pixel * product.InputPixelStep);
            _output = _outputRow + (_pixel * product.OutputPixelStride);
        }
    }

    /// <summary>Writes down the offsets of the next pixels and goes on behind them.</summary>
    /// <param name="product">The product.</param>
    /// <param name="inputs">Receives the arena offsets of the inputs.</param>
    /// <param name="outputs">Receives the arena offsets of the outputs.</param>
    /// <param name="pixels">How many.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Fill(in Int8Product product, ref int inputs, ref int outputs, int pixels)
    {
        unchecked
        {
            int filled = 0;
            while (filled < pixels)
            {
                int run = product.Width - _pixel < pixels - filled ? product.Width - _pixel : pixels - filled;
                int input = _input;
                int output = _output;
                for (int i = filled; i < filled + run; i++)
                {
                    Unsafe.Add(ref inputs, i) = input;
                    Unsafe.Add(ref outputs, i) = output;
                    input += product.InputPixelStep;
                    output += product.OutputPixelStride;
                }

                filled += run;
                _input = input;
                _output = output;
                _pixel += run;
                if (_pixel == product.Width)
                {
                    _pixel = 0;
                    _inputRow += product.InputRowStep;
                    _outputRow += product.OutputRowStride;
                    _input = _inputRow;
                    _output = _outputRow;
                }
            }
        }
    }
}
