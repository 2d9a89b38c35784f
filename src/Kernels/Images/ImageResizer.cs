namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Globalization;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;

/// <summary>
/// Brings images of any size to the size, the channels and their order that a model takes: resized, and what lies outside of the centre cut
/// off. The build prepares calibration and evaluation data with the same code. Allocates only for images larger than those before.
/// </summary>
internal sealed class ImageResizer
{
    /// <summary>Red, green, blue: 3 bytes a pixel.</summary>
    public const int Rgb24 = 0;

    /// <summary>Blue, green, red: 3 bytes a pixel.</summary>
    public const int Bgr24 = 1;

    /// <summary>Red, green, blue and a fourth byte that does not count: 4 bytes a pixel.</summary>
    public const int Rgba32 = 2;

    /// <summary>Blue, green, red and a fourth byte that does not count: 4 bytes a pixel.</summary>
    public const int Bgra32 = 3;

    /// <summary>Grey: 1 byte a pixel.</summary>
    public const int Gray8 = 4;

    /// <summary>The greatest width and height of an image.</summary>
    public const int MaximumExtent = 65535;

    private readonly int _height;
    private readonly int _width;
    private readonly int _channels;
    private readonly bool _isBgr;
    private readonly int _resizedHeight;
    private readonly int _resizedWidth;
    private readonly int _shorterSide;
    private readonly int _filter;
    private readonly byte[] _result;
    private readonly ResamplingWeights _rows = new ResamplingWeights();
    private readonly ResamplingWeights _columns = new ResamplingWeights();
    private ushort[] _row = [];
    private byte[] _gray = [];
    private int _preparedWidth;
    private int _preparedHeight;

    /// <summary>What a model takes, and how images become so.</summary>
    /// <param name="height">The rows that the model takes.</param>
    /// <param name="width">The pixels of a row that the model takes.</param>
    /// <param name="channels">Its channels, 1 or 3.</param>
    /// <param name="isBgr">Whether blue comes first in it.</param>
    /// <param name="resizedHeight">The rows of a resized image, of which the middle ones are taken; unused with a shorter side.</param>
    /// <param name="resizedWidth">The pixels of its rows, of which the middle ones are taken; unused with a shorter side.</param>
    /// <param name="shorterSide">The shorter side of a resized image, where it keeps its proportions; otherwise 0.</param>
    /// <param name="filter">The filter (<see cref="ResamplingWeights"/>).</param>
    public ImageResizer(
        int height, int width, int channels, bool isBgr, int resizedHeight, int resizedWidth, int shorterSide, int filter)
    {
        _height = height;
        _width = width;
        _channels = channels;
        _isBgr = isBgr;
        _resizedHeight = resizedHeight;
        _resizedWidth = resizedWidth;
        _shorterSide = shorterSide;
        _filter = filter;
        _result = new byte[height * width * channels];
    }

    /// <summary>Resizes an image.</summary>
    /// <param name="pixels">The image, row by row from the top.</param>
    /// <param name="width">The pixels of a row, from 1 to 65,535.</param>
    /// <param name="height">The rows, from 1 to 65,535.</param>
    /// <param name="stride">Bytes from one row to the next; 0 where rows follow one another.</param>
    /// <param name="format">The format of a pixel.</param>
    /// <param name="parameter">What the caller calls the pixels.</param>
    /// <returns>What the model takes, pixel by pixel, its channels side by side; valid until the next call.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An extent, a stride or a format that is none.</exception>
    /// <exception cref="ArgumentException">There are other bytes than extents, format and stride say.</exception>
    public ReadOnlySpan<byte> Run(ReadOnlySpan<byte> pixels, int width, int height, int stride, int format, string parameter)
    {
        unchecked
        {
            int pixelBytes = Require(pixels.Length, width, height, ref stride, format, parameter);
            bool isBgr = format is Bgr24 or Bgra32;
            ref byte source = ref MemoryMarshal.GetReference(pixels);
            if (_channels == 1 && pixelBytes > 1)
            {
                MakeGray(ref source, width, height, stride, pixelBytes, isBgr);
                source = ref MemoryMarshal.GetArrayDataReference(_gray);
                stride = width;
                pixelBytes = 1;
            }

            Prepare(width, height);
            int first = _columns.Start * pixelBytes;
            int count = (_columns.End * pixelBytes) - first;
            if (_row.Length < count + ImageRows.Padding)
                _row = new ushort[count + ImageRows.Padding];
            for (int y = 0; y < _height; y++)
            {
                ref byte from = ref Unsafe.Add(ref source, ((nint)_rows.First(y) * stride) + first);
                ImageRows.Blend(ref from, stride, _rows.Of(y), ref MemoryMarshal.GetArrayDataReference(_row), count);
                ref byte to = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_result), y * _width * _channels);
                if (pixelBytes == 1)
                    GatherGray(ref to);
                else
                    GatherColors(ref to, pixelBytes, isBgr != _isBgr);
            }

            return _result;
        }
    }

    private static int Require(int length, int width, int height, ref int stride, int format, string parameter)
    {
        unchecked
        {
            if (width is < 1 or > MaximumExtent)
                throw new ArgumentOutOfRangeException(nameof(width), width, "An image is 1 to 65,535 pixels wide.");
            if (height is < 1 or > MaximumExtent)
                throw new ArgumentOutOfRangeException(nameof(height), height, "An image is 1 to 65,535 pixels high.");
            int pixelBytes = format switch
            {
                Rgb24 or Bgr24 => 3,
                Rgba32 or Bgra32 => 4,
                Gray8 => 1,
                _ => throw new ArgumentOutOfRangeException(nameof(format), format, "There is no such pixel format."),
            };
            int rowBytes = width * pixelBytes;
            // Without a stride the length tells pixels of another format, which would be read as a piece of an image. With one the bytes
            // behind the last row may be missing.
            bool isExact = stride == 0;
            if (isExact)
                stride = rowBytes;
            if (stride < rowBytes)
                throw new ArgumentOutOfRangeException(nameof(stride), stride, "A row is longer than the bytes from one to the next.");
            long needed = ((long)stride * (height - 1)) + rowBytes;
            if (length < needed || length > (isExact ? needed : (long)stride * height))
            {
                throw new ArgumentException(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"'{parameter}' must hold {needed} bytes for {width}×{height} pixels of {pixelBytes}, but it holds {length}."),
                    parameter);
            }

            return pixelBytes;
        }
    }

    private void Prepare(int width, int height)
    {
        unchecked
        {
            if (width == _preparedWidth && height == _preparedHeight)
                return;

            // Until both are there, neither counts.
            _preparedWidth = 0;
            int resizedWidth = _resizedWidth;
            int resizedHeight = _resizedHeight;
            if (_shorterSide > 0)
            {
                resizedWidth = width <= height ? _shorterSide : (int)((long)_shorterSide * width / height);
                resizedHeight = width <= height ? (int)((long)_shorterSide * height / width) : _shorterSide;
            }

            _rows.Prepare(height, resizedHeight, Middle(resizedHeight - _height), _height, _filter);
            _columns.Prepare(width, resizedWidth, Middle(resizedWidth - _width), _width, _filter);
            _preparedHeight = height;
            _preparedWidth = width;
        }
    }

    // Half of what is left over, halves to even, as torchvision rounds it.
    private static int Middle(int rest) => unchecked((rest / 2) + ((rest & 3) == 3 ? 1 : 0));

    private void GatherGray(ref byte to)
    {
        unchecked
        {
            for (int x = 0; x < _width; x++)
            {
                byte level = ImageRows.Gather(ref _row[_columns.First(x) - _columns.Start], _columns.Of(x));
                for (int channel = 0; channel < _channels; channel++)
                    Unsafe.Add(ref to, (x * _channels) + channel) = level;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void GatherColors(ref byte to, int pixelBytes, bool swaps)
    {
        unchecked
        {
            for (int x = 0; x < _width; x++)
            {
                uint color = ImageRows.GatherThree(
                    ref _row[(_columns.First(x) - _columns.Start) * pixelBytes], pixelBytes, _columns.Of(x));
                Unsafe.Add(ref to, 3 * x) = (byte)(swaps ? color >> 16 : color);
                Unsafe.Add(ref to, (3 * x) + 1) = (byte)(color >> 8);
                Unsafe.Add(ref to, (3 * x) + 2) = (byte)(swaps ? color : color >> 16);
            }
        }
    }

    // Luma of ITU-R BT.601 in 16 bits: of three equal bytes the same byte.
    private void MakeGray(ref byte source, int width, int height, int stride, int pixelBytes, bool isBgr)
    {
        unchecked
        {
            if (_gray.Length < (long)width * height)
                _gray = new byte[(long)width * height];
            int red = isBgr ? 2 : 0;
            ref byte to = ref MemoryMarshal.GetArrayDataReference(_gray);
            for (int y = 0; y < height; y++)
            {
                ref byte from = ref Unsafe.Add(ref source, (nint)y * stride);
                for (int x = 0; x < width; x++)
                {
                    to = (byte)(((Unsafe.Add(ref from, red) * 19595) + (Unsafe.Add(ref from, 1) * 38470)
                        + (Unsafe.Add(ref from, 2 - red) * 7471) + 32768) >> 16);
                    to = ref Unsafe.Add(ref to, 1);
                    from = ref Unsafe.Add(ref from, pixelBytes);
                }
            }
        }
    }
}
